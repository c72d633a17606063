using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Secrets;

/// <summary>A parameter that has a value; the value is never read back.</summary>
public sealed record ParameterStatus(string Name, DateTimeOffset UpdatedAt);

/// <summary>A token that the vault holds.</summary>
/// <param name="NamedCredential">Where step URLs are relative: for which named credential.</param>
/// <param name="Status"><c>valid</c> or <c>expired</c>.</param>
/// <param name="ExpiresAt">When it ends; null: when the service says so.</param>
public sealed record TokenStatus(string? NamedCredential, string Status, DateTimeOffset? ExpiresAt);

/// <summary>What is set of a principal.</summary>
/// <param name="Status"><c>configured</c> or <c>notConfigured</c>.</param>
/// <param name="Parameters">The parameters that have a value.</param>
/// <param name="Tokens">The tokens in use.</param>
public sealed record CredentialStatus(string Status, IReadOnlyList<ParameterStatus> Parameters, IReadOnlyList<TokenStatus> Tokens);

/// <summary>Sets, changes and removes the secret values of a principal; write-only.</summary>
public sealed class CredentialAdministration(
    ChangeGate gate, DefinitionCatalog definitions, CredentialBinder binder, SecretSealer sealer, IDbContextFactory<VaultDbContext> contexts, TimeProvider time)
{
    private readonly SecretChanges _secrets = new(sealer);

    /// <summary>Replaces the whole set.</summary>
    public Task<Result<bool>> ReplaceAsync(
        DeveloperName external, DeveloperName principal, IReadOnlyList<KeyValuePair<string, string?>> parameters, CancellationToken cancellationToken) =>
        SetAsync(external, principal, parameters, isWhole: true, cancellationToken);

    /// <summary>Changes only the parameters sent; null removes one.</summary>
    public Task<Result<bool>> PatchAsync(
        DeveloperName external, DeveloperName principal, IReadOnlyList<KeyValuePair<string, string?>> parameters, CancellationToken cancellationToken) =>
        SetAsync(external, principal, parameters, isWhole: false, cancellationToken);

    /// <summary>Destroys the set and its tokens.</summary>
    public Task<Result<bool>> DeleteAsync(DeveloperName external, DeveloperName principal, CancellationToken cancellationToken) =>
        gate.ApplyAsync<bool>(
            async draft =>
            {
                var found = Find(draft.Definitions, external, principal);
                if (!found.IsOk)
                {
                    return found.Error;
                }

                await SecretChanges.ShredAsync(draft, found.Value.Credential.Definition.Id, found.Value.Principal.Id);
                return true;
            },
            cancellationToken);

    /// <summary>What is set, without values.</summary>
    public async Task<Result<CredentialStatus>> GetStatusAsync(DeveloperName external, DeveloperName principal, CancellationToken cancellationToken)
    {
        var found = Find(definitions.Current, external, principal);
        if (!found.IsOk)
        {
            return found.Error;
        }

        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var principalId = found.Value.Principal.Id;
        var parameters = await database.Secrets.AsNoTracking()
            .Where(row => row.PrincipalId == principalId && row.User == "" && row.RetiredAt == null)
            .OrderBy(row => row.NameKey)
            .Select(row => new ParameterStatus(row.Name, row.UpdatedAt))
            .ToListAsync(cancellationToken);
        var tokens = await database.Tokens.AsNoTracking()
            .Where(row => row.PrincipalId == principalId && row.User == "" && row.RetiredAt == null)
            .OrderBy(row => row.ObtainedAt)
            .Select(row => new { row.NamedCredentialId, row.ExpiresAt })
            .ToListAsync(cancellationToken);
        var now = time.GetUtcNow();
        var names = definitions.Current.NamedCredentials.Values.ToDictionary(named => named.Id, named => named.Name.Value);
        return new CredentialStatus(
            ConfigurationStatus.Of(found.Value.Credential, parameters.Select(parameter => parameter.Name)),
            parameters,
            [.. tokens.Select(token => new TokenStatus(
                token.NamedCredentialId is { } id && names.TryGetValue(id, out var name) ? name : null,
                token.ExpiresAt <= now ? "expired" : "valid",
                token.ExpiresAt))]);
    }

    private async Task<Result<bool>> SetAsync(
        DeveloperName external, DeveloperName principal, IReadOnlyList<KeyValuePair<string, string?>> parameters, bool isWhole, CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        ParameterRules.Check(parameters, "$.parameters", nullRemoves: !isWhole, errors);
        if (errors.Any)
        {
            return errors.ToError();
        }

        return await gate.ApplyAsync<bool>(
            async draft =>
            {
                var found = Find(draft.Definitions, external, principal);
                if (!found.IsOk)
                {
                    return found.Error;
                }

                await _secrets.SetAsync(draft, found.Value.Credential, found.Value.Principal.Id, parameters, isWhole);
                return true;
            },
            cancellationToken);
    }

    private Result<(BoundCredential Credential, Principal Principal)> Find(DefinitionSnapshot snapshot, DeveloperName external, DeveloperName principal)
    {
        if (!snapshot.ExternalCredentialIds.TryGetValue(external.Key, out var id)
            || snapshot.ExternalCredentials[id] is not { } definition
            || definition.Principals.FirstOrDefault(candidate => candidate.Name == principal) is not { } found)
        {
            return new VaultError(ErrorCodes.NotFound, $"There is no external credential {external} with a principal {principal}.");
        }

        var bound = binder.Bind(definition);
        return bound.IsOk ? (bound.Value, found) : bound.Error;
    }
}
