using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>All that there is as one document, in the order of names: without secrets, with what parameters refer to.</summary>
internal sealed class DefinitionExport(IDbContextFactory<VaultDbContext> contexts, CredentialBinder binder, SecretSealer sealer, SecretSources sources)
{
    private readonly SecretComparison _comparison = new(sealer);

    /// <summary>Makes it.</summary>
    public async Task<JsonObject> MakeAsync(DefinitionSnapshot defined, AccessSnapshot known, CancellationToken cancellationToken)
    {
        var names = defined.NamedCredentials.Values.ToDictionary(one => one.Id, one => one.Name);
        var owned = known.Grants.Values.Where(grant => names.ContainsKey(grant.NamedCredentialId)).ToLookup(grant => grant.AppId);
        var references = await ReferencesAsync(defined, cancellationToken);
        return new JsonObject
        {
            ["externalCredentials"] = List(defined.ExternalCredentials.Values.OrderBy(one => one.Name.Key, StringComparer.Ordinal).Select(one => WithReferences(one, references))),
            ["namedCredentials"] = List(defined.NamedCredentials.Values.OrderBy(one => one.Name.Key, StringComparer.Ordinal).Select(one => DefinitionForms.Of(one, defined))),
            ["apps"] = List(known.Apps.Values.OrderBy(app => app.Name.Key, StringComparer.Ordinal).Select(app =>
            {
                var form = DefinitionForms.Of(app);
                form["grants"] = List(owned[app.Id].OrderBy(grant => names[grant.NamedCredentialId].Key, StringComparer.Ordinal)
                    .Select(grant => DefinitionForms.Of(grant, names[grant.NamedCredentialId].Value)));
                return form;
            })),
        };
    }

    private static JsonArray List(IEnumerable<JsonObject> forms) => [.. forms];

    private static JsonObject WithReferences(ExternalCredential credential, Dictionary<Guid, SortedDictionary<string, JsonElement>> references)
    {
        var form = DefinitionForms.Of(credential);
        foreach (var (principal, written) in credential.Principals.Zip(form["principals"]?.AsArray() ?? []))
        {
            if (references.TryGetValue(principal.Id, out var parameters) && written is not null)
            {
                written["parameters"] = new JsonObject(parameters.Select(parameter => KeyValuePair.Create(parameter.Key, (JsonNode?)JsonObject.Create(parameter.Value))));
            }
        }

        return form;
    }

    // By principal. To see which parameters refer to something each has to be opened, which a vault without sources is spared: there nothing could be referred to.
    private async Task<Dictionary<Guid, SortedDictionary<string, JsonElement>>> ReferencesAsync(DefinitionSnapshot defined, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, SortedDictionary<string, JsonElement>>();
        if (sources.IsEmpty)
        {
            return found;
        }

        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = database.Secrets.AsNoTracking().Where(row => row.User == "" && row.RetiredAt == null).AsAsyncEnumerable();
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            if (defined.ExternalCredentials.TryGetValue(row.ExternalCredentialId, out var definition)
                && binder.Bind(definition) is { IsOk: true } bound
                && _comparison.ReferenceIn(row, bound.Value) is { } reference)
            {
                if (!found.TryGetValue(row.PrincipalId, out var parameters))
                {
                    found.Add(row.PrincipalId, parameters = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal));
                }

                parameters[row.Name] = reference;
            }
        }

        return found;
    }
}
