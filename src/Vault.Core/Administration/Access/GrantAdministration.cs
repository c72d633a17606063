using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Access;

/// <summary>Says which principals of which named credentials an app may use.</summary>
public sealed class GrantAdministration(ChangeGate gate, AccessCatalog access, DefinitionCatalog definitions, AccessCodec codec)
{
    private const int MostPrincipals = 1000;

    private static readonly string[] Default = ["default"];

    /// <summary>Grants, in place of what was granted before.</summary>
    public Task<Result<GrantChange>> PutAsync(
        DeveloperName app, DeveloperName namedCredential, GrantInput input, Precondition precondition, CancellationToken cancellationToken) =>
        gate.ApplyAsync(draft => WriteAsync(draft, app, namedCredential, input, precondition), cancellationToken);

    /// <summary>Withdraws a grant.</summary>
    public Task<Result<bool>> DeleteAsync(DeveloperName app, DeveloperName namedCredential, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            var found = Find(draft.Access, draft.Definitions, app, namedCredential);
            if (!found.IsOk)
            {
                return found.Error;
            }

            var isThere = draft.Access.Grants.TryGetValue((found.Value.App.Id, found.Value.Named.Id), out var grant);
            if (precondition.JudgeUntagged(isThere) is { } failed)
            {
                return failed;
            }

            if (grant is null)
            {
                return new VaultError(ErrorCodes.NotFound, $"The named credential {namedCredential} is not granted to the app {app}.");
            }

            await WithdrawAsync(draft, grant);
            return true;
        },
        cancellationToken);

    /// <summary>Reads a page of an app's grants.</summary>
    public Result<Page<GrantView>> List(DeveloperName app, PageRequest request)
    {
        var snapshot = access.Current;
        if (AppAdministration.Find(snapshot, app) is not { } owner)
        {
            return AppAdministration.NotFound(app);
        }

        var names = definitions.Current.NamedCredentials.Values.ToDictionary(named => named.Id, named => named.Name);
        var (items, next) = request.Take(
            snapshot.Grants.Of(owner.Id).Where(grant => names.ContainsKey(grant.NamedCredentialId)),
            grant => names[grant.NamedCredentialId].Key,
            _ => null);
        return new Page<GrantView>([.. items.Select(grant => new GrantView(names[grant.NamedCredentialId].Value, grant.Principals))], next);
    }

    /// <summary>Grants as part of a change.</summary>
    internal async Task<Result<GrantChange>> WriteAsync(
        Draft draft, DeveloperName app, DeveloperName namedCredential, GrantInput input, Precondition precondition)
    {
        var found = Find(draft.Access, draft.Definitions, app, namedCredential);
        if (!found.IsOk)
        {
            return found.Error;
        }

        var (owner, named) = found.Value;
        var isNew = !draft.Access.Grants.ContainsKey((owner.Id, named.Id));
        if (precondition.JudgeUntagged(!isNew) is { } failed)
        {
            return failed;
        }

        if (input.NamedCredential is { } written && !(DeveloperName.TryParse(written, out var name) && name == namedCredential))
        {
            return VaultError.Invalid("$.namedCredential", $"Must be the name in the route, {namedCredential}, or be left out.");
        }

        var made = Make(owner, named, input, draft.Definitions);
        if (!made.IsOk)
        {
            return made.Error;
        }

        await draft.Database.Grants.Where(row => row.AppId == owner.Id && row.NamedCredentialId == named.Id).ExecuteDeleteAsync();
        draft.Database.Grants.Add(codec.ToRow(made.Value));
        draft.Access = draft.Access with { Grants = draft.Access.Grants.With(made.Value) };
        return new GrantChange(new GrantView(named.Name.Value, made.Value.Principals), isNew);
    }

    /// <summary>What an input grants; nothing is written.</summary>
    internal static Result<Grant> Make(VaultApp owner, NamedCredential named, GrantInput input, DefinitionSnapshot definitions)
    {
        var principals = input.Principals ?? Default;
        var external = definitions.ExternalCredentials[named.ExternalCredentialId];
        var known = external.Principals.Select(principal => principal.Name.Value).Append("*").ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        return Judge(principals, external, known) is { } refused
            ? refused
            : new Grant(owner.Id, named.Id, [.. principals.Select(name => known[name]).Distinct()]);
    }

    /// <summary>Withdraws a grant as part of a change.</summary>
    internal static async Task WithdrawAsync(Draft draft, Grant grant)
    {
        await draft.Database.Grants.Where(row => row.AppId == grant.AppId && row.NamedCredentialId == grant.NamedCredentialId).ExecuteDeleteAsync();
        draft.Changed.Add(Changed.Grant(grant.AppId, grant.NamedCredentialId));
        draft.Access = draft.Access with { Grants = draft.Access.Grants.Without(grant.AppId, grant.NamedCredentialId) };
    }

    private static VaultError? Judge(IReadOnlyList<string> principals, ExternalCredential external, Dictionary<string, string> known)
    {
        if (principals.Count is 0 or > MostPrincipals || (principals.Contains("*") && principals.Count > 1))
        {
            return VaultError.Invalid("$.principals", $"Must be at most {MostPrincipals} names of principals, or a single \"*\".");
        }

        var wrong = new InputErrors();
        var unknown = new InputErrors();
        for (var index = 0; index < principals.Count; index++)
        {
            if (principals[index] is not { } name)
            {
                wrong.Add($"$.principals[{index}]", "Must be a string.");
            }
            else if (!known.ContainsKey(name))
            {
                unknown.Add($"$.principals[{index}]", $"The external credential {external.Name} has no such principal.");
            }
        }

        return wrong.Any ? wrong.ToError() : unknown.Any ? unknown.ToError(ErrorCodes.UnknownReference, "A principal is not known.") : null;
    }

    private static Result<(VaultApp App, NamedCredential Named)> Find(AccessSnapshot access, DefinitionSnapshot definitions, DeveloperName app, DeveloperName named)
    {
        if (AppAdministration.Find(access, app) is not { } owner)
        {
            return AppAdministration.NotFound(app);
        }

        return definitions.NamedCredentials.TryGetValue(named.Key, out var credential)
            ? (owner, credential)
            : new VaultError(ErrorCodes.NotFound, $"There is no named credential {named}.");
    }
}
