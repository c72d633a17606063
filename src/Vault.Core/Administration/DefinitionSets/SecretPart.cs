using System.Security.Cryptography;
using System.Text;
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
/// tried that way: a wrong one takes the place of the secret, and a rehearsal, which changes nothing, compares nothing.
/// </summary>
internal sealed class SecretPart(CredentialBinder binder, SecretSealer sealer)
{
    private readonly SecretChanges _secrets = new(sealer);

    /// <summary>Judges them, before any is compared.</summary>
    public static void Check(SetChange change, IReadOnlyList<ExternalCredentialEntry> entries)
    {
        const string Forbidden = "An operator may not set secrets; an admin can.";
        foreach (var (path, name, parameters) in entries.SelectMany(Sets))
        {
            var errors = new InputErrors();
            ParameterRules.Check([.. parameters], "$.parameters", nullRemoves: true, errors);
            foreach (var (parameter, _) in parameters.Where(parameter => SecretReference.IsStored(parameter.Value)))
            {
                // A document holds values alone: a reference is judged where it is set.
                errors.Add($"$.parameters.{parameter}", "Must not begin like the stored form of a reference.");
            }

            if (change.Role is not VaultRole.Admin)
            {
                change.Refuse(path, name, new VaultError(ErrorCodes.Forbidden, Forbidden, new Dictionary<string, string[]> { ["$.parameters"] = [Forbidden] }));
            }
            else if (errors.Any)
            {
                change.Refuse(path, name, errors.ToError());
            }
        }

        static IEnumerable<(string Path, string Name, Dictionary<string, string?> Parameters)> Sets(ExternalCredentialEntry entry, int index) =>
            (entry.Principals ?? []).Select((principal, number) => (Path: $"$.externalCredentials[{index}].principals[{number}]", Name: $"{entry.Name}/{principal?.Name}", principal?.Parameters))
                .Where(set => set.Parameters is not null).Select(set => (set.Path, set.Name, set.Parameters!));
    }

    /// <summary>Sets them, last of all: nothing can be refused any more, so that nobody learns from a refusal, or from how long it took, what a secret is.</summary>
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
            foreach (var principal in entry.Principals)
            {
                if (principal is { Parameters: { } parameters })
                {
                    await SetAsync(change, bound.Value, principal.Name, parameters, rows, before);
                }
            }
        }
    }

    private async Task SetAsync(
        SetChange change, BoundCredential credential, string? principalName, Dictionary<string, string?> parameters, List<SecretRow> rows, DefinitionSnapshot before)
    {
        var definition = credential.Definition;
        var principal = definition.Principals.First(candidate => candidate.Name.Value.Equals(principalName, StringComparison.OrdinalIgnoreCase));
        var current = rows.Where(row => row.PrincipalId == principal.Id).ToDictionary(row => row.NameKey, StringComparer.Ordinal);
        var name = $"{definition.Name}/{principal.Name}";
        if (change.IsRehearsal)
        {
            var certain = parameters.Where(parameter => (parameter.Value is null) == current.ContainsKey(parameter.Key.ToLowerInvariant())).ToArray();
            if (certain.Length > 0)
            {
                change.Note("credential", "credential", name, current.Count == 0 ? "created" : "changed", Names(certain));
            }
            else if (parameters.Values.Any(value => value is not null))
            {
                change.Note("credential", "credential", name, "undetermined", Names(parameters));
            }
            else
            {
                change.NoteUnchanged();
            }

            return;
        }

        var different = parameters.Where(parameter => IsDifferent(parameter.Value, current.GetValueOrDefault(parameter.Key.ToLowerInvariant()), credential)).ToArray();
        if (different.Length == 0)
        {
            change.NoteUnchanged();
            return;
        }

        var isNew = !before.ExternalCredentials.TryGetValue(definition.Id, out var old) || old.Principals.All(known => known.Id != principal.Id);
        await _secrets.SetAsync(change.Draft, credential, principal.Id, "", different, isWhole: false, isNew);
        change.Note("credential", "credential", name, current.Count == 0 ? "created" : "changed", Names(different), principal.Name.Value);
    }

    private static DefinitionDifference[] Names(IEnumerable<KeyValuePair<string, string?>> parameters) =>
        [.. parameters.Select(parameter => new DefinitionDifference("parameters." + parameter.Key))];

    // By hashes, so that neither content nor length shows in the time it takes. What can't be opened is set anew.
    private bool IsDifferent(string? value, SecretRow? row, BoundCredential credential)
    {
        if (value is null || row is null)
        {
            return (value is null) == (row is not null);
        }

        var opened = sealer.Open(SecretChanges.Place(row, credential.Binding), row.Sealed);
        if (!opened.IsOk)
        {
            return true;
        }

        using var secret = opened.Value;
        var utf8 = Encoding.UTF8.GetBytes(value);
        var isSame = CryptographicOperations.FixedTimeEquals(SHA256.HashData(secret.RevealUtf8()), SHA256.HashData(utf8));
        CryptographicOperations.ZeroMemory(utf8);
        return !isSame;
    }
}
