using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Definitions;

/// <summary>Links a named credential to an external one: its host must be allowed, or becomes the first that is.</summary>
internal sealed class NamedCredentialLink(DefinitionCodec codec, CredentialBinder binder, SecretSealer sealer)
{
    private readonly SecretResealing _resealing = new(sealer);

    /// <summary>The id of the external credential, or why it can't be used.</summary>
    public async Task<Result<Guid>> LinkAsync(Draft draft, NamedCredential named, string externalName, VaultRole role)
    {
        if (!DeveloperName.TryParse(externalName, out var name) || ExternalCredentialAdministration.Find(draft.Definitions, name) is not { } external)
        {
            return new VaultError(
                ErrorCodes.UnknownReference,
                $"There is no external credential {(DeveloperName.TryParse(externalName, out _) ? externalName : "of this name")}.",
                new Dictionary<string, string[]> { ["$.externalCredential"] = ["There is no such external credential."] });
        }

        var origin = NamedCredentialRules.OriginOf(named);
        if (external.AllowedHosts is not null)
        {
            return external.AllowedHosts.Any(host => host.Matches(origin)) ? external.Id : NotAllowed(origin, external);
        }

        // The first link decides where the secrets may go, so it is an admin's to make.
        if (role is not VaultRole.Admin)
        {
            return new VaultError(ErrorCodes.Forbidden, $"The external credential {external.Name} has no allowedHosts yet; an admin has to set them, or to link it first.");
        }

        var allowed = external with
        {
            AllowedHosts = [AllowedHost.Of(origin)],
            Version = external.Version + 1,
            UpdatedAt = draft.Now,
        };
        var before = binder.Bind(external);
        var after = binder.Bind(allowed);
        if (!before.IsOk || !after.IsOk)
        {
            return before.Error ?? after.Error!;
        }

        if (ExternalCredentialRules.FindHostOutside(draft.Definitions, after.Value) is { } outside)
        {
            return outside;
        }

        if (await _resealing.RunAsync(draft, before.Value, after.Value) is { } unreadable)
        {
            return unreadable;
        }

        draft.Database.ExternalCredentials.Update(codec.ToRow(allowed)).Property(row => row.Version).OriginalValue = external.Version;
        draft.Definitions = draft.Definitions.With(allowed);
        return external.Id;
    }

    /// <summary>Why a host may not have the secrets.</summary>
    internal static VaultError NotAllowed(Uri origin, ExternalCredential external) => new(
        ErrorCodes.HostNotAllowed,
        $"{origin.Scheme}://{origin.Authority} is not in allowedHosts of the external credential {external.Name}.",
        new Dictionary<string, string[]> { ["$.url"] = ["Its host is not in allowedHosts of the external credential."] });
}
