using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Secrets;

/// <summary>A parameter that has a value; the value is never read back.</summary>
public sealed record ParameterStatus(string Name, DateTimeOffset UpdatedAt);

/// <summary>A token that the vault holds.</summary>
/// <param name="NamedCredential">Where step URLs are relative: for which named credential.</param>
/// <param name="Status"><c>valid</c> or <c>expired</c>, as is one that was got under settings or secrets that have changed since: it is used no more.</param>
/// <param name="ExpiresAt">When it ends; null: when the service says so.</param>
public sealed record TokenStatus(string? NamedCredential, string Status, DateTimeOffset? ExpiresAt);

/// <summary>What is set of a principal.</summary>
/// <param name="Status"><c>configured</c> or <c>notConfigured</c>.</param>
/// <param name="Parameters">The parameters that have a value.</param>
/// <param name="Tokens">The tokens in use.</param>
public sealed record CredentialStatus(string Status, IReadOnlyList<ParameterStatus> Parameters, IReadOnlyList<TokenStatus> Tokens);

/// <summary>A user of a per-user principal.</summary>
/// <param name="User">The id.</param>
/// <param name="Status"><c>configured</c> or <c>notConfigured</c>.</param>
/// <param name="UpdatedAt">When a secret or token of theirs last changed.</param>
public sealed record UserStatus(string User, string Status, DateTimeOffset UpdatedAt);

/// <summary>Sets, changes and removes the secret values of a principal or user; write-only.</summary>
public sealed class CredentialAdministration(
    ChangeGate gate, DefinitionCatalog definitions, Accounts accounts, TokenSource tokens, SecretSources sources, SecretSealer sealer, IDbContextFactory<VaultDbContext> contexts,
    TimeProvider time)
{
    private readonly SecretChanges _secrets = new(sealer);

    /// <summary>Replaces the whole set.</summary>
    public Task<Result<bool>> ReplaceAsync(
        AccountName name, IReadOnlyList<KeyValuePair<string, string?>> parameters, Precondition precondition, CancellationToken cancellationToken) =>
        SetAsync(name, parameters, isWhole: true, precondition, cancellationToken);

    /// <summary>Changes only the parameters sent; null removes one.</summary>
    public Task<Result<bool>> PatchAsync(
        AccountName name, IReadOnlyList<KeyValuePair<string, string?>> parameters, Precondition precondition, CancellationToken cancellationToken) =>
        SetAsync(name, parameters, isWhole: false, precondition, cancellationToken);

    /// <summary>Destroys the set and its tokens.</summary>
    public Task<Result<bool>> DeleteAsync(AccountName name, Precondition precondition, CancellationToken cancellationToken) =>
        gate.ApplyAsync<bool>(
            async draft =>
            {
                var found = accounts.Find(draft.Definitions, name);
                if (!found.IsOk)
                {
                    return found.Error;
                }

                var account = found.Value;
                if (await JudgeAsync(draft, account, precondition) is { } failed)
                {
                    return failed;
                }

                await SecretChanges.ShredAsync(draft, account.Credential.Definition.Id, account.Principal.Id, IsWholePrincipal(account) ? null : account.User);
                return true;
            },
            cancellationToken);

    /// <summary>Gets a fresh token now.</summary>
    /// <param name="name">Whose.</param>
    /// <param name="named">The named credential, where tokens are its own.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<Result<TokenStatus>> RefreshAsync(AccountName name, string? named, CancellationToken cancellationToken)
    {
        var found = accounts.Find(name);
        if (!found.IsOk)
        {
            return found.Error;
        }

        var request = await accounts.RequestAsync(found.Value, named, cancellationToken);
        if (!request.IsOk)
        {
            return request.Error;
        }

        var token = await tokens.RenewAsync(request.Value, trace: null, cancellationToken);
        return token.IsOk ? new TokenStatus(NameOf(request.Value.Key.NamedCredentialId), "valid", token.Value.ExpiresAt) : token.Error;
    }

    /// <summary>What is set, without values.</summary>
    public async Task<Result<CredentialStatus>> GetStatusAsync(AccountName name, CancellationToken cancellationToken)
    {
        var found = accounts.Find(name);
        if (!found.IsOk)
        {
            return found.Error;
        }

        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var account = found.Value;
        var rows = await database.Secrets.AsNoTracking()
            .Where(row => row.PrincipalId == account.Principal.Id && (row.User == account.User || row.User == "") && row.RetiredAt == null)
            .OrderBy(row => row.NameKey)
            .Select(row => new { row.Name, row.User, row.UpdatedAt })
            .ToListAsync(cancellationToken);
        var kept = await database.Tokens.AsNoTracking()
            .Where(row => row.PrincipalId == account.Principal.Id && row.User == account.User && row.RetiredAt == null)
            .OrderBy(row => row.ObtainedAt)
            .Select(row => new { row.NamedCredentialId, row.Stamp, row.ExpiresAt, row.IsRenewable })
            .ToListAsync(cancellationToken);
        HashSet<TokenKey> keys = [];
        if (kept.Count > 0 && account.Credential.Authentication.Tokens is not null)
        {
            var inUse = await accounts.TokenKeysAsync(account, cancellationToken);
            if (!inUse.IsOk)
            {
                return inUse.Error;
            }

            keys = inUse.Value;
        }

        var now = time.GetUtcNow();
        return new CredentialStatus(
            ConfigurationStatus.Of(
                account, rows.Select(row => row.Name), [.. rows.Where(row => row.User == account.User).Select(row => row.Name)], kept.Exists(token => IsInUse(token.NamedCredentialId, token.Stamp) && (token.IsRenewable || !(token.ExpiresAt <= now)))),
            [.. rows.Where(row => row.User == account.User).Select(row => new ParameterStatus(row.Name, row.UpdatedAt))],
            [.. kept.Where(token => token.NamedCredentialId is null || NameOf(token.NamedCredentialId) is not null).Select(token => new TokenStatus(
                NameOf(token.NamedCredentialId),
                IsInUse(token.NamedCredentialId, token.Stamp) && !(token.ExpiresAt <= now) ? "valid" : "expired",
                token.ExpiresAt))]);

        bool IsInUse(Guid? named, string stamp) => keys.Contains(new TokenKey(account.Credential.Definition.Id, account.Principal.Id, account.User, named, stamp));
    }

    /// <summary>The users who have secrets or tokens of a per-user principal.</summary>
    public async Task<Result<Page<UserStatus>>> ListUsersAsync(AccountName name, PageRequest page, CancellationToken cancellationToken)
    {
        var found = accounts.Find(name);
        if (!found.IsOk)
        {
            return found.Error;
        }

        var principal = found.Value.Principal;
        if (principal.Type is not PrincipalType.PerUser)
        {
            return new VaultError(ErrorCodes.NotFound, $"The principal {principal.Name} is of type named: it has no users.");
        }

        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var secrets = await database.Secrets.AsNoTracking()
            .Where(row => row.PrincipalId == principal.Id && row.RetiredAt == null)
            .Select(row => new { row.User, row.Name, row.UpdatedAt })
            .ToListAsync(cancellationToken);
        var kept = await database.Tokens.AsNoTracking()
            .Where(row => row.PrincipalId == principal.Id && row.RetiredAt == null && row.User != "")
            .Select(row => new { row.User, row.NamedCredentialId, row.Stamp, row.IsRenewable, row.ExpiresAt, row.ObtainedAt })
            .ToListAsync(cancellationToken);
        var now = time.GetUtcNow();
        var shared = secrets.Where(row => row.User.Length == 0).Select(row => row.Name).ToArray();
        var own = secrets.ToLookup(row => row.User, StringComparer.Ordinal);
        var got = kept.ToLookup(row => row.User, StringComparer.Ordinal);
        var users = own.Select(group => group.Key).Union(got.Select(group => group.Key)).Where(user => user.Length > 0);
        var (items, next) = page.Take(users, user => user, _ => null);
        var statuses = new List<UserStatus>();
        foreach (var user in items)
        {
            var account = found.Value with { User = user };
            var live = got[user].Where(token => token.IsRenewable || !(token.ExpiresAt <= now))
                .Select(token => new TokenKey(account.Credential.Definition.Id, principal.Id, user, token.NamedCredentialId, token.Stamp)).ToArray();

            // Only a consent says anything of who may call, and only one that is in use.
            var inUse = live.Length > 0 && account.Credential.Authentication.Consent is not null ? await accounts.TokenKeysAsync(account, cancellationToken) : new HashSet<TokenKey>();
            if (!inUse.IsOk)
            {
                return inUse.Error;
            }

            statuses.Add(new UserStatus(
                user,
                ConfigurationStatus.Of(account, shared.Concat(own[user].Select(row => row.Name)), [.. own[user].Select(row => row.Name)], inUse.Value.Overlaps(live)),
                own[user].Select(row => row.UpdatedAt).Concat(got[user].Select(token => token.ObtainedAt)).Max()));
        }

        return new Page<UserStatus>(statuses, next);
    }

    // What is removed of a principal itself is removed of all who use it; of a per-user one, only what they share.
    private static bool IsWholePrincipal(Account account) => account.Principal.Type is PrincipalType.Named;

    // Secrets or tokens: what DELETE removes.
    private static async Task<VaultError?> JudgeAsync(Draft draft, Account account, Precondition precondition) => precondition == Precondition.None
        ? null
        : precondition.JudgeUntagged(
            await draft.Database.Secrets.AnyAsync(row => row.PrincipalId == account.Principal.Id && row.User == account.User && row.RetiredAt == null)
            || await draft.Database.Tokens.AnyAsync(row => row.PrincipalId == account.Principal.Id && row.User == account.User && row.RetiredAt == null));

    private string? NameOf(Guid? namedCredentialId) => namedCredentialId is { } id
        ? definitions.Current.NamedCredentials.Values.FirstOrDefault(named => named.Id == id)?.Name.Value
        : null;

    private async Task<Result<bool>> SetAsync(
        AccountName name, IReadOnlyList<KeyValuePair<string, string?>> parameters, bool isWhole, Precondition precondition, CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        ParameterRules.Check(parameters, "$.parameters", nullRemoves: !isWhole, errors);
        if (errors.Any)
        {
            return errors.ToError();
        }

        if (sources.Check(parameters, parameter => JsonPlace.Below("$.parameters", parameter)) is { } bad)
        {
            return bad;
        }

        return await gate.ApplyAsync<bool>(
            async draft =>
            {
                var found = accounts.Find(draft.Definitions, name);
                if (!found.IsOk)
                {
                    return found.Error;
                }

                if (await JudgeAsync(draft, found.Value, precondition) is { } failed)
                {
                    return failed;
                }

                if (!isWhole && parameters.Count == 0)
                {
                    return true;
                }

                await _secrets.SetAsync(draft, found.Value.Credential, found.Value.Principal.Id, found.Value.User, parameters, isWhole);
                return true;
            },
            cancellationToken);
    }
}
