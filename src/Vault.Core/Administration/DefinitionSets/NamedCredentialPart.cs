using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>The named credentials of a document.</summary>
internal sealed class NamedCredentialPart(NamedCredentialAdministration administration)
{
    /// <summary>Applies them; what is wrong is noted.</summary>
    public async Task ApplyAsync(SetChange change, IReadOnlyList<NamedCredentialInput> inputs)
    {
        for (var index = 0; index < inputs.Count; index++)
        {
            change.CancellationToken.ThrowIfCancellationRequested();
            if (await ApplyAsync(change, inputs[index]) is { } refused)
            {
                change.Refuse($"$.namedCredentials[{index}]", inputs[index].Name, refused);
            }
        }
    }

    private async Task<VaultError?> ApplyAsync(SetChange change, NamedCredentialInput input)
    {
        if (input.Authentication is not null)
        {
            return VaultError.Invalid("$.authentication", "A document has settings in externalCredentials; name one in externalCredential.");
        }

        var draft = change.Draft;
        DeveloperName? name = DeveloperName.TryParse(input.Name, out var parsed) ? parsed : null;
        var before = name is { } known ? draft.Definitions.NamedCredentials.GetValueOrDefault(known.Key) : null;
        if (before is not null && IsUnchanged(draft, input, before))
        {
            // Unchanged as it is, its host may have been dropped by the external credential in the same document.
            var external = draft.Definitions.ExternalCredentials[before.ExternalCredentialId];
            var origin = NamedCredentialRules.OriginOf(before);
            if (external.AllowedHosts?.Any(host => host.Matches(origin)) is false)
            {
                return NamedCredentialLink.NotAllowed(origin, external);
            }

            change.NoteUnchanged();
            return null;
        }

        var was = before is null ? null : DefinitionForms.Of(before, draft.Definitions);
        var unlinked = DeveloperName.TryParse(input.ExternalCredential, out var owner) ? ExternalCredentialAdministration.Find(draft.Definitions, owner) : null;
        var written = await administration.WriteAsync(draft, input, name, change.Role, Precondition.None, discardSecrets: false);
        if (!written.IsOk)
        {
            return written.Error;
        }

        // The first link of an external credential says where its secrets may go, which is a change of it.
        if (unlinked is { AllowedHosts: null } && draft.Definitions.ExternalCredentials[unlinked.Id] is { AllowedHosts: not null } linked)
        {
            change.NoteFurther(
                "externalCredential", "external-credential", linked.Name.Value, FormDifferences.Between(DefinitionForms.Of(unlinked), DefinitionForms.Of(linked)));
        }

        var after = draft.Definitions.NamedCredentials[DeveloperName.Parse(written.Value.Value.Name).Key];
        change.Note("namedCredential", "named-credential", after.Name.Value, was, DefinitionForms.Of(after, draft.Definitions));
        return null;
    }

    private static bool IsUnchanged(Draft draft, NamedCredentialInput input, NamedCredential before)
    {
        var errors = new InputErrors();
        var made = NamedCredentialRules.Make(input, before.Name, before, allowHttp: true, draft.Now, errors);
        return made is not null && !errors.Any
            && DeveloperName.TryParse(input.ExternalCredential, out var external)
            && ExternalCredentialAdministration.Find(draft.Definitions, external)?.Id == before.ExternalCredentialId
            && FormDifferences.Between(DefinitionForms.Of(before, draft.Definitions), DefinitionForms.Of(made, draft.Definitions)).Count == 0;
    }
}
