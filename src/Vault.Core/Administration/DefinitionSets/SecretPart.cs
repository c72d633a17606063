using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>
/// The secrets of a document. What is set to what it is already isn't touched, so that a second application changes nothing. A guess can't be
/// tried that way: a wrong one takes the place of the secret, and a rehearsal, which changes nothing, compares nothing. What a parameter refers to
/// is no secret: it is compared whenever it is asked for.
/// </summary>
internal sealed class SecretPart(CredentialBinder binder, SecretSealer sealer, SecretSources sources)
{
    private const string Forbidden = "An operator may not set secrets; an admin can.";

    private readonly SecretChanges _secrets = new(sealer);
    private readonly SecretComparison _comparison = new(sealer);

    /// <summary>Judges them, before any is compared.</summary>
    public void Check(SetChange change, IReadOnlyList<ExternalCredentialEntry> entries)
    {
        foreach (var (path, name, parameters) in entries.SelectMany(Sets))
        {
            var errors = new InputErrors();
            ParameterRules.Check(parameters, "$.parameters", nullRemoves: true, errors);

            // What isn't a secret may stand there for who can't change it, as in a document that was exported.
            if (change.Role is not VaultRole.Admin && !parameters.All(parameter => SecretReference.IsStored(parameter.Value)))
            {
                change.Refuse(path, name, Refused("$.parameters"));
            }
            else if (errors.Any)
            {
                change.Refuse(path, name, errors.ToError());
            }
            else if (sources.Check(parameters, parameter => JsonPlace.Below("$.parameters", parameter)) is { } bad)
            {
                change.Refuse(path, name, bad);
            }
        }

        static IEnumerable<(string Path, string Name, KeyValuePair<string, string?>[] Parameters)> Sets(ExternalCredentialEntry entry, int index) =>
            (entry.Principals ?? []).Select((principal, number) => (Path: $"$.externalCredentials[{index}].principals[{number}]", Name: $"{entry.Name}/{principal?.Name}", principal?.Parameters))
                .Where(set => set.Parameters is not null).Select(set => (set.Path, set.Name, Stored(set.Parameters!)));
    }

    /// <summary>
    /// Sets them, last of all: nothing can be refused any more, so that nobody learns from a refusal, or from how long it took, what a secret is.
    /// An operator's document, which can be refused still, holds none.
    /// </summary>
    /// <param name="change">The document.</param>
    /// <param name="entries">In order.</param>
    /// <param name="before">The definitions before the document.</param>
    public async Task ApplyAsync(SetChange change, IReadOnlyList<ExternalCredentialEntry> entries, DefinitionSnapshot before)
    {
        for (var index = 0; index < entries.Count; index++)
        {
            change.CancellationToken.ThrowIfCancellationRequested();
            var entry = entries[index];
            if (entry.Principals?.Any(principal => principal?.Parameters is not null) is not true)
            {
                continue;
            }

            var definition = ExternalCredentialAdministration.Find(change.Draft.Definitions, DeveloperName.Parse(entry.Name ?? ""))
                ?? throw new InvalidOperationException("Secrets come after the definitions that they belong to.");
            var bound = binder.Bind(definition);
            if (!bound.IsOk)
            {
                change.Refuse($"$.externalCredentials[{index}]", entry.Name, bound.Error);
                continue;
            }

            var rows = before.ExternalCredentials.ContainsKey(definition.Id)
                ? await change.Draft.Database.Secrets.AsNoTracking()
                    .Where(row => row.ExternalCredentialId == definition.Id && row.User == "" && row.RetiredAt == null).ToListAsync()
                : [];
            for (var number = 0; number < entry.Principals.Count; number++)
            {
                if (entry.Principals[number] is { Parameters: { } parameters } principal
                    && await SetAsync(change, bound.Value, principal.Name, Stored(parameters), rows, before) is { } refused)
                {
                    change.Refuse($"$.externalCredentials[{index}].principals[{number}]", $"{entry.Name}/{principal.Name}", refused);
                }
            }
        }
    }

    private async Task<VaultError?> SetAsync(
        SetChange change, BoundCredential credential, string? principalName, KeyValuePair<string, string?>[] parameters, List<SecretRow> rows, DefinitionSnapshot before)
    {
        var definition = credential.Definition;
        var principal = definition.Principals.First(candidate => candidate.Name.Value.Equals(principalName, StringComparison.OrdinalIgnoreCase));
        var current = rows.Where(row => row.PrincipalId == principal.Id).ToDictionary(row => row.NameKey, StringComparer.Ordinal);
        var name = $"{definition.Name}/{principal.Name}";
        var compared = parameters
            .Select(parameter => (Parameter: parameter, Result: _comparison.Compare(parameter.Value, current.GetValueOrDefault(parameter.Key.ToLowerInvariant()), credential, change.IsRehearsal)))
            .ToArray();
        var different = compared.Where(one => one.Result.Outcome is ComparisonOutcome.Different).ToArray();
        if (different.Length == 0)
        {
            var unknown = compared.Where(one => one.Result.Outcome is ComparisonOutcome.Undetermined).ToArray();
            if (unknown.Length > 0)
            {
                change.Note("credential", "credential", name, "undetermined", [.. unknown.Select(one => new DefinitionDifference("parameters." + one.Parameter.Key))]);
            }
            else
            {
                change.NoteUnchanged();
            }

            return null;
        }

        if (change.Role is not VaultRole.Admin)
        {
            return Refused([.. different.Select(one => "$.parameters." + one.Parameter.Key)]);
        }

        if (!change.IsRehearsal)
        {
            var isNew = !before.ExternalCredentials.TryGetValue(definition.Id, out var old) || old.Principals.All(known => known.Id != principal.Id);
            await _secrets.SetAsync(change.Draft, credential, principal.Id, "", [.. different.Select(one => one.Parameter)], isWhole: false, isNew);
        }

        change.Note(
            "credential", "credential", name, current.Count == 0 ? "created" : "changed",
            [.. different.Select(one => new DefinitionDifference("parameters." + one.Parameter.Key, one.Result.Before, one.Result.After))], principal.Name.Value);
        return null;
    }

    private static VaultError Refused(params string[] paths) => new(ErrorCodes.Forbidden, Forbidden, paths.ToDictionary(path => path, _ => new[] { Forbidden }));

    private static KeyValuePair<string, string?>[] Stored(Dictionary<string, ParameterInput?> parameters) =>
        [.. parameters.Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value?.Stored))];
}
