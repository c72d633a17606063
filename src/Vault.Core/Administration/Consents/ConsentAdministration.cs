using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Consents;

/// <summary>What a person has to do to consent: one of the two.</summary>
/// <param name="AuthorizationUrl">The URL to open.</param>
/// <param name="VerificationUri">Where to enter the code.</param>
/// <param name="UserCode">The code.</param>
/// <param name="ExpiresAt">Until when.</param>
public sealed record ConsentRequest(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? AuthorizationUrl,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? VerificationUri,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? UserCode,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>Never the links, which hold the state.</summary>
    public override string ToString() => nameof(ConsentRequest);
}

/// <summary>A consent that was given.</summary>
/// <param name="ExternalCredential">The external credential's name.</param>
/// <param name="Principal">The principal's name.</param>
/// <param name="User">The user of a per-user principal; null: it is for all who may use the principal.</param>
public sealed record ConsentGiven(string ExternalCredential, string Principal, string? User);

/// <summary>How a consent ended.</summary>
/// <param name="Given">What was given, or what failed.</param>
/// <param name="ReturnUrl">An allowed URL, to send the person to, or to let them go back to; null: nowhere.</param>
public readonly record struct ConsentOutcome(Result<ConsentGiven> Given, string? ReturnUrl);

/// <summary>Begins and ends consents: authorization code and device flow of <c>oauth2</c>.</summary>
public sealed partial class ConsentAdministration(
    Accounts accounts, TokenSource tokens, DefinitionCatalog definitions, IDefinitionReading reading, SecretSealer sealer, IDbContextFactory<VaultDbContext> contexts,
    ConsentKeeping keeping, DeviceConsents devices, ConsentOptions options, IPublicAddress address, TimeProvider time, ILogger<ConsentAdministration> logger) : IConsentDemand
{
    /// <summary>The path that authorization servers send people back to.</summary>
    public const string CallbackPath = "/oauth/callback";

    private const int MaxReturnUrl = 2000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(5);

    // A link that was just shown is shown again, so that failing callouts don't fill the database.
    private readonly ConcurrentDictionary<TokenKey, (string Url, DateTimeOffset Until)> _links = new();

    /// <summary>What is kept of a request until its answer comes; sealed. What comes of it is kept under the same as was asked for, or not at all.</summary>
    private sealed record Kept(AuthorizationStart Start, string? ReturnUrl, Guid? NamedCredentialId, string? Stamp);

    /// <summary>Begins.</summary>
    /// <param name="name">Whose consent.</param>
    /// <param name="returnUrl">Where the person is sent afterwards; null: a page of the vault says how it went.</param>
    /// <param name="named">The named credential, where tokens are its own; null: the only one there is.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<Result<ConsentRequest>> AuthorizeAsync(AccountName name, string? returnUrl, string? named, CancellationToken cancellationToken)
    {
        Uri? target = null;
        if (returnUrl is not null
            && (returnUrl.Length > MaxReturnUrl || !Uri.TryCreate(returnUrl, UriKind.Absolute, out target) || !options.IsReturnAllowed(target)))
        {
            return VaultError.Invalid("$.returnUrl", "Is not among the allowed ones (Vault:AllowedReturnUrls).");
        }

        var found = accounts.Find(name);
        if (!found.IsOk)
        {
            return found.Error;
        }

        if (found.Value.Credential.Authentication.Consent is not { } protocol)
        {
            return VaultError.Invalid("$", "Consent is for oauth2 with the grant authorizationCode or deviceCode.");
        }

        var request = await accounts.RequestAsync(found.Value, named, cancellationToken);
        if (!request.IsOk)
        {
            return request.Error;
        }

        // What was judged, not what was written: browsers read that in their own way.
        return protocol.IsDevice
            ? await devices.BeginAsync(protocol, request.Value, cancellationToken)
            : await BeginAsync(protocol, request.Value, target?.AbsoluteUri, cancellationToken);
    }

    /// <summary>Ends: the person came back.</summary>
    /// <param name="state">As it was sent.</param>
    /// <param name="answer">What came with them.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<ConsentOutcome> CompleteAsync(string? state, AuthorizationAnswer answer, CancellationToken cancellationToken)
    {
        var all = await reading.OfAllAsync(() => ValueTask.FromResult(definitions.Current), cancellationToken);
        if (!all.IsOk)
        {
            return new ConsentOutcome(all.Error, null);
        }

        var row = await TakeAsync(state, cancellationToken);
        if (row is null)
        {
            return new ConsentOutcome(
                new VaultError(ErrorCodes.InvalidRequest, "This answer belongs to no request that is open: it was used already, is older than ten minutes, or was never asked for."), null);
        }

        // The code is good once: what was begun is ended, whether or not the browser waits. The row says meanwhile that nothing was changed.
        var outcome = await FinishAsync(row, all.Value, answer);
        if (!outcome.Given.IsOk)
        {
            await keeping.CloseAsync(row.Id);
        }

        return outcome;
    }

    private async Task<ConsentOutcome> FinishAsync(AuthorizationRequestRow row, DefinitionSnapshot all, AuthorizationAnswer answer)
    {
        if (accounts.Find(all, row.ExternalCredentialId, row.PrincipalId, row.User) is not { Credential.Authentication.Consent: { } protocol } account
            || sealer.Open(Place(row, account.Credential.Binding), row.Sealed) is not { IsOk: true } opened)
        {
            return new ConsentOutcome(Changed(), null);
        }

        using var sealedText = opened.Value;
        var kept = JsonSerializer.Deserialize<Kept>(sealedText.RevealUtf8())!;
        return new ConsentOutcome(await FinishAsync(row, account, protocol, kept, answer), kept.ReturnUrl);
    }

    private async Task<Result<ConsentGiven>> FinishAsync(AuthorizationRequestRow row, Account account, IConsentProtocol protocol, Kept kept, AuthorizationAnswer answer)
    {
        var key = new TokenKey(row.ExternalCredentialId, row.PrincipalId, row.User, kept.NamedCredentialId, kept.Stamp ?? "");
        var request = await accounts.RequestAgainAsync(account, key, CancellationToken.None);
        if (!request.IsOk)
        {
            return request.Error;
        }

        // An earlier version kept no stamp. What it is sealed to says that the settings are the same.
        if (kept.Stamp is not null && request.Value.Key != key)
        {
            return Changed();
        }

        var name = account.Credential.Definition.Name.Value;
        using var limit = new CancellationTokenSource(Limit, time);
        var token = await protocol.FinishAsync(tokens.Consents.ContextOf(request.Value), kept.Start, answer, limit.Token);
        if (!token.IsOk)
        {
            LogFailed(logger, name, token.Error.Code, token.Error.Detail);
            return token.Error;
        }

        if (!await keeping.KeepAsync(row.Id, request.Value, token.Value))
        {
            return Changed();
        }

        _links.TryRemove(request.Value.Key, out _);
        return new ConsentGiven(name, account.Principal.Name.Value, row.User.Length == 0 ? null : row.User);
    }

    private static VaultError Changed() => new(ErrorCodes.InvalidRequest, "The credential was changed since consent was asked for. Ask again.");

    /// <inheritdoc />
    public async Task<VaultError> DemandAsync(TokenRequest request, Principal principal, CancellationToken cancellationToken)
    {
        var missing = new VaultError(
            ErrorCodes.CredentialNotConfigured,
            $"Consent for the principal {principal.Name} of the external credential {request.Credential.Definition.Name} is missing. An admin asks for it with "
            + "POST …/credential/authorize" + (request.Key.NamedCredentialId is null ? "." : $" and namedCredential {NameOf(request)}."));
        // A link for what all apps share would let whoever gets it first say whose account that is.
        if (request.Credential.Authentication.Consent is not { IsDevice: false } protocol || principal.Type is not PrincipalType.PerUser)
        {
            return missing;
        }

        var now = time.GetUtcNow();
        if (!_links.TryGetValue(request.Key, out var link) || !(now < link.Until && link.Until <= now + LinkLife) || !await IsOpenAsync(link.Url, cancellationToken))
        {
            var begun = await BeginAsync(protocol, request, returnUrl: null, cancellationToken);
            if (begun.Value?.AuthorizationUrl is not { } url)
            {
                return missing;
            }

            if (_links.Count > 10_000)
            {
                _links.Clear();
            }

            _links[request.Key] = link = (url, now + LinkLife);
        }

        return missing with { Detail = $"{missing.Detail} Or the person opens this link: {link.Url}", AuthorizationUrl = link.Url };
    }

    private string? NameOf(TokenRequest request) =>
        definitions.Current.UsersOf(request.Credential.Definition.Id).FirstOrDefault(named => named.Id == request.NamedCredentialId)?.Name.Value;

    private async Task<bool> IsOpenAsync(string url, CancellationToken cancellationToken)
    {
        var state = url.Split("&state=") is [_, var rest] ? Uri.UnescapeDataString(rest.Split('&')[0]) : "";
        var hash = ConsentKeeping.HashOf(state);
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.AuthorizationRequests.AnyAsync(row => row.StateHash == hash, cancellationToken);
    }

    internal static SealPlace Place(AuthorizationRequestRow row, byte[] binding) => new(
        "authorization", row.Id, row.ExternalCredentialId, row.PrincipalId, row.User, row.StateHash, 1, binding);

    private async Task<Result<ConsentRequest>> BeginAsync(IConsentProtocol protocol, TokenRequest request, string? returnUrl, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var start = await protocol.BeginAsync(tokens.Consents.ContextOf(request), address.Url + CallbackPath, both.Token);
        if (!start.IsOk)
        {
            return start.Error;
        }

        var row = new AuthorizationRequestRow
        {
            Id = Guid.NewGuid(),
            StateHash = ConsentKeeping.HashOf(start.Value.State),
            ExternalCredentialId = request.Credential.Definition.Id,
            PrincipalId = request.PrincipalId,
            User = request.User,
            ExpiresAt = time.GetUtcNow() + Life,
        };
        row.Sealed = sealer.Seal(Place(row, request.Credential.Binding), JsonSerializer.SerializeToUtf8Bytes(new Kept(start.Value, returnUrl, request.Key.NamedCredentialId, request.Key.Stamp)));
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        database.AuthorizationRequests.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        return new ConsentRequest(start.Value.Url, null, null, row.ExpiresAt);
    }

    // Whoever takes its state has it; a second answer finds none.
    private async Task<AuthorizationRequestRow?> TakeAsync(string? state, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(state) || state.Length > 200)
        {
            return null;
        }

        var hash = ConsentKeeping.HashOf(state);
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await database.AuthorizationRequests.AsNoTracking().FirstOrDefaultAsync(candidate => candidate.StateHash == hash, cancellationToken);
        return row is not null
            && await database.AuthorizationRequests.Where(candidate => candidate.Id == row.Id && candidate.StateHash == hash)
                .ExecuteUpdateAsync(update => update.SetProperty(taken => taken.StateHash, ConsentKeeping.NoState()), CancellationToken.None) == 1
            && row.ExpiresAt - time.GetUtcNow() is var left && left > TimeSpan.Zero && left < 2 * Life
                ? row
                : null;
    }

    [LoggerMessage(5202, LogLevel.Warning, "A consent for the external credential {Credential} failed: {Code}, {Detail}")]
    private static partial void LogFailed(ILogger logger, string credential, string code, string detail);
}
