using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Definitions;

/// <summary>Creates, changes and deletes external credentials; contract sections 3 and 9.</summary>
public sealed class ExternalCredentialAdministration(
    ChangeGate gate, DefinitionCatalog definitions, EgressPolicy egress, CredentialBinder binder, DefinitionCodec codec, SecretSealer sealer,
    IDbContextFactory<VaultDbContext> contexts, Accounts accounts)
{
    private readonly ExternalCredentialRules _rules = new(binder);
    private readonly SecretResealing _resealing = new(sealer);

    /// <summary>Creates one.</summary>
    public Task<Result<Tagged<ExternalCredentialView>>> CreateAsync(ExternalCredentialInput input, CancellationToken cancellationToken) =>
        WriteAsync(input, route: null, Precondition.None, discardSecrets: false, cancellationToken);

    /// <summary>Creates or replaces one.</summary>
    public Task<Result<Tagged<ExternalCredentialView>>> PutAsync(
        DeveloperName name, ExternalCredentialInput input, Precondition precondition, bool discardSecrets, CancellationToken cancellationToken) =>
        WriteAsync(input, name, precondition, discardSecrets, cancellationToken);

    /// <summary>Deletes one that nothing uses, with its secrets.</summary>
    public Task<Result<bool>> DeleteAsync(DeveloperName name, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            var current = Find(draft.Definitions, name);
            if (precondition.Judge(current is null ? null : TagOf(current)) is { } failed && (current is not null || precondition.IfMatch is not null))
            {
                return failed;
            }

            if (current is null)
            {
                return NotFound(name);
            }

            if (UsersOf(draft.Definitions, current.Id) is { Count: > 0 } users)
            {
                return new VaultError(ErrorCodes.InUse, $"It is used by: {string.Join(", ", users)}.");
            }

            await RemoveAsync(draft, current);
            return true;
        },
        cancellationToken);

    /// <summary>Reads one.</summary>
    public async Task<Result<Tagged<ExternalCredentialView>>> GetAsync(DeveloperName name, CancellationToken cancellationToken)
    {
        var snapshot = definitions.Current;
        if (Find(snapshot, name) is not { } credential)
        {
            return NotFound(name);
        }

        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return new Tagged<ExternalCredentialView>(await ViewAsync(database, snapshot, credential, cancellationToken), TagOf(credential));
    }

    /// <summary>Reads a page of them.</summary>
    public async Task<Page<ExternalCredentialView>> ListAsync(PageRequest request, CancellationToken cancellationToken)
    {
        var snapshot = definitions.Current;
        var (items, next) = request.Take(snapshot.ExternalCredentials.Values, credential => credential.Name.Key, credential => credential.Label);
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var views = new List<ExternalCredentialView>(items.Count);
        foreach (var item in items)
        {
            views.Add(await ViewAsync(database, snapshot, item, cancellationToken));
        }

        return new Page<ExternalCredentialView>(views, next);
    }

    internal static ExternalCredential? Find(DefinitionSnapshot snapshot, DeveloperName name) =>
        snapshot.ExternalCredentialNames.GetValueOrDefault(name.Value);

    internal static List<string> UsersOf(DefinitionSnapshot snapshot, Guid id) =>
        [.. snapshot.UsersOf(id).Select(named => named.Name.Value).Order(StringComparer.OrdinalIgnoreCase)];

    internal static async Task RemoveAsync(Draft draft, ExternalCredential credential)
    {
        await SecretChanges.ShredAsync(draft, credential.Id);
        await draft.Database.ExternalCredentials.Where(row => row.Id == credential.Id).ExecuteDeleteAsync();
        draft.Changed.Add(new Changed(ChangeKind.ExternalCredential, credential.Id.ToString()));
        draft.Definitions = draft.Definitions.Without(credential);
    }

    /// <summary>What an input makes, in the place of the one before; nothing is written.</summary>
    internal Result<BoundCredential> Make(ExternalCredentialInput input, DeveloperName? route, ExternalCredential? before, DateTimeOffset now) =>
        _rules.Make(input, route, before, now);

    /// <summary>Puts a definition in the draft, in the place of the one before.</summary>
    internal void Store(Draft draft, ExternalCredential credential, ExternalCredential? before)
    {
        var row = codec.ToRow(credential);
        if (before is null)
        {
            draft.Database.ExternalCredentials.Add(row);
        }
        else
        {
            // The version that it has in the database is the one that it was judged against.
            var entry = draft.Database.ExternalCredentials.Update(row);
            entry.Property(entity => entity.Version).OriginalValue = before.Version;
        }

        draft.Definitions = draft.Definitions.With(credential);
    }

    private static VaultError NotFound(DeveloperName name) => new(ErrorCodes.NotFound, $"There is no external credential {name}.");

    private static string TagOf(ExternalCredential credential) => EntityTag.Of(credential.Id, credential.Version);

    private Task<Result<Tagged<ExternalCredentialView>>> WriteAsync(
        ExternalCredentialInput input, DeveloperName? route, Precondition precondition, bool discardSecrets, CancellationToken cancellationToken) =>
        gate.ApplyAsync<Tagged<ExternalCredentialView>>(
            async draft =>
            {
                var before = route is { } name ? Find(draft.Definitions, name) : null;
                if (precondition.Judge(before is null ? null : TagOf(before)) is { } failed)
                {
                    return failed;
                }

                var made = Make(input, route, before, draft.Now);
                if (!made.IsOk)
                {
                    return made.Error;
                }

                if (before is null && Find(draft.Definitions, made.Value.Definition.Name) is not null)
                {
                    return new VaultError(ErrorCodes.AlreadyExists, $"There is an external credential {made.Value.Definition.Name} already.");
                }

                if (await JudgeAndResealAsync(draft, made.Value, before, discardSecrets, draft.Definitions) is { } refused)
                {
                    return refused;
                }

                Store(draft, made.Value.Definition, before);
                await draft.Database.SaveChangesAsync(cancellationToken);
                return new Tagged<ExternalCredentialView>(
                    await ViewAsync(draft.Database, draft.Definitions, made.Value.Definition, cancellationToken), TagOf(made.Value.Definition), before is null);
            },
            cancellationToken);

    /// <summary>Why a change is refused; null where it isn't, and then its secrets are sealed to what it will be.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="after">What it will be.</param>
    /// <param name="before">What it is; null: it isn't there.</param>
    /// <param name="discardSecrets">Whether secrets that could travel go instead.</param>
    /// <param name="users">Has the named credentials whose hosts have to be allowed; those that are judged themselves afterwards may be missing.</param>
    internal async Task<VaultError?> JudgeAndResealAsync(
        Draft draft, BoundCredential after, ExternalCredential? before, bool discardSecrets, DefinitionSnapshot users)
    {
        if (ExternalCredentialRules.FindHttp(after.Authentication, egress.AllowHttp) is { } plain)
        {
            return plain;
        }

        if (ExternalCredentialRules.FindHostOutside(users, after) is { } outside)
        {
            return outside;
        }

        if (before is null)
        {
            return null;
        }

        // Principals that go, with their secrets.
        var named = draft.Definitions.UsersOf(before.Id).Select(user => user.Id).ToHashSet();
        foreach (var gone in before.Principals.Where(old => after.Definition.Principals.All(principal => principal.Id != old.Id)))
        {
            if (GrantedPrincipals.Judge(draft, named, name => name.Equals(gone.Name.Value, StringComparison.OrdinalIgnoreCase)) is { } granted)
            {
                return granted;
            }

            if (!discardSecrets && await draft.Database.Secrets.AnyAsync(row => row.PrincipalId == gone.Id && row.RetiredAt == null))
            {
                return new VaultError(
                    ErrorCodes.SecretsWouldTravel, $"The principal {gone.Name} has secrets, which would go with it; say so with ?discardSecrets=true.");
            }

            await SecretChanges.DiscardAsync(draft, before, gone.Id);
        }

        var bound = binder.Bind(before);
        if (!bound.IsOk)
        {
            return bound.Error;
        }

        if (ExternalCredentialRules.FindTravel(bound.Value, after) is { } travel)
        {
            if (!discardSecrets && await SecretChanges.AnyAsync(draft, before.Id))
            {
                return new VaultError(
                    ErrorCodes.SecretsWouldTravel, $"Secrets are set, and with this change they could travel elsewhere: {travel}. With ?discardSecrets=true they are removed, to be entered again.");
            }

            // Also what was replaced before: sealed to where others go now, a row in the database that says so would let it travel.
            await SecretChanges.DiscardAsync(draft, before);
        }

        return await _resealing.RunAsync(draft, bound.Value, after);
    }

    private async Task<ExternalCredentialView> ViewAsync(
        VaultDbContext database, DefinitionSnapshot snapshot, ExternalCredential credential, CancellationToken cancellationToken)
    {
        var secrets = await database.Secrets.AsNoTracking()
            .Where(row => row.ExternalCredentialId == credential.Id && row.User == "" && row.RetiredAt == null)
            .Select(row => new { row.PrincipalId, row.Name })
            .ToListAsync(cancellationToken);
        var set = secrets.ToLookup(row => row.PrincipalId, row => row.Name);
        var bound = binder.Bind(credential);
        var consented = bound.IsOk ? await ConsentedAsync(database, snapshot, bound.Value, cancellationToken) : [];
        return new ExternalCredentialView(
            credential.Name.Value,
            credential.Label,
            credential.Description,
            credential.Authentication,
            credential.AllowedHosts?.Select(host => host.ToString()).ToArray(),
            [.. credential.Principals.Select(principal => new PrincipalView(
                principal.Name.Value,
                principal.Type is PrincipalType.PerUser ? "perUser" : "named",
                principal.Sequence,
                bound.IsOk
                    ? ConfigurationStatus.Of(new Account(bound.Value, principal, ""), set[principal.Id], [.. set[principal.Id]], consented.Contains(principal.Id))
                    : "notConfigured"))],
            CustomHeaderRules.ToContracts(credential.CustomHeaders),
            credential.CreatedAt,
            credential.UpdatedAt,
            UsersOf(snapshot, credential.Id));
    }

    // The principals whose consent is in use, by rows of the same transaction: what is shown of a change isn't in force yet.
    private async Task<HashSet<Guid>> ConsentedAsync(VaultDbContext database, DefinitionSnapshot snapshot, BoundCredential credential, CancellationToken cancellationToken)
    {
        if (credential.Authentication is not { Consent: not null, Tokens.ConsentParameters: { } consent })
        {
            return [];
        }

        var (id, now) = (credential.Definition.Id, gate.Now);
        var live = await database.Tokens.AsNoTracking()
            .Where(row => row.ExternalCredentialId == id && row.User == "" && row.RetiredAt == null && (row.IsRenewable || row.ExpiresAt == null || row.ExpiresAt > now))
            .Select(row => new TokenKey(row.ExternalCredentialId, row.PrincipalId, row.User, row.NamedCredentialId, row.Stamp))
            .ToListAsync(cancellationToken);
        var secrets = live.Count == 0 ? [] : await database.Secrets.AsNoTracking()
            .Where(row => row.ExternalCredentialId == id && row.User == "" && row.RetiredAt == null)
            .ToListAsync(cancellationToken);
        return [.. credential.Definition.Principals.Where(IsInUse).Select(principal => principal.Id)];

        bool IsInUse(Principal principal)
        {
            var parameters = new CredentialSet(
                sealer, credential, principal.Id, "",
                [.. secrets.Where(row => row.PrincipalId == principal.Id).Select(row => new SealedParameter(row.Id, row.User, row.Name, row.Version, row.Sealed, row.UpdatedAt, null))]);
            var own = live.Where(key => key.PrincipalId == principal.Id);

            // What a reference leads to is asked for by callouts, not here: then any consent will do.
            return consent.Any(name => parameters.Has(name) && !parameters.Open(name).IsOk)
                ? own.Any()
                : accounts.KeysOf(new Account(credential, principal, ""), parameters, snapshot.UsersOf(id)).Overlaps(own);
        }
    }
}
