using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Definitions;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>The external credentials of a document, without their secrets.</summary>
internal sealed class ExternalCredentialPart(ExternalCredentialAdministration administration)
{
    /// <summary>Applies them; what is wrong is noted.</summary>
    /// <param name="change">The document.</param>
    /// <param name="entries">In order.</param>
    /// <param name="users">The definitions without those named credentials that are judged afterwards.</param>
    public async Task ApplyAsync(SetChange change, IReadOnlyList<ExternalCredentialEntry> entries, DefinitionSnapshot users)
    {
        for (var index = 0; index < entries.Count; index++)
        {
            change.CancellationToken.ThrowIfCancellationRequested();
            var path = $"$.externalCredentials[{index}]";
            if (await ApplyAsync(change, entries[index], users) is { } refused)
            {
                change.Refuse(path, entries[index].Name, refused);
            }
        }
    }

    private async Task<VaultError?> ApplyAsync(SetChange change, ExternalCredentialEntry entry, DefinitionSnapshot users)
    {
        var draft = change.Draft;
        DeveloperName? name = DeveloperName.TryParse(entry.Name, out var parsed) ? parsed : null;
        var before = name is { } known ? ExternalCredentialAdministration.Find(draft.Definitions, known) : null;
        var made = administration.Make(ToInput(entry), name, before, draft.Now);
        if (!made.IsOk)
        {
            return made.Error;
        }

        var after = made.Value.Definition;
        var (was, will) = (before is null ? null : DefinitionForms.Of(before), DefinitionForms.Of(after));
        if (was is not null && FormDifferences.Between(was, will).Count == 0)
        {
            change.NoteUnchanged();
            return null;
        }

        if (change.Role is not VaultRole.Admin)
        {
            return new VaultError(ErrorCodes.Forbidden, "An operator may not change external credentials; an admin can.");
        }

        var held = await HoldersAsync(change, before);
        if (await administration.JudgeAndResealAsync(draft, made.Value, before, change.DiscardSecrets, users) is { } refused)
        {
            return refused;
        }

        administration.Store(draft, after, before);
        change.Note("externalCredential", "external-credential", after.Name.Value, was, will);
        if (held.Count > 0)
        {
            var still = await HoldersAsync(change, before);
            foreach (var emptied in held.Where(principal => !still.Contains(principal)))
            {
                change.Note("credential", "credential", $"{after.Name}/{emptied.Name}", "deleted", [], emptied.Name.Value);
            }
        }

        return null;
    }

    // The principals that have secrets, their users' included.
    private static async Task<List<Principal>> HoldersAsync(SetChange change, ExternalCredential? before)
    {
        if (before is null || !change.DiscardSecrets)
        {
            return [];
        }

        var ids = await change.Draft.Database.Secrets.Where(row => row.ExternalCredentialId == before.Id && row.RetiredAt == null)
            .Select(row => row.PrincipalId).Distinct().ToListAsync(change.CancellationToken);
        return [.. before.Principals.Where(principal => ids.Contains(principal.Id))];
    }

    private static ExternalCredentialInput ToInput(ExternalCredentialEntry entry) => new()
    {
        Name = entry.Name,
        Label = entry.Label,
        Description = entry.Description,
        Authentication = entry.Authentication,
        AllowedHosts = entry.AllowedHosts,
        Principals = entry.Principals?.Select(principal => principal is null ? null! : new PrincipalInput(principal.Name, principal.Type, principal.Sequence)).ToArray(),
        CustomHeaders = entry.CustomHeaders,
    };
}
