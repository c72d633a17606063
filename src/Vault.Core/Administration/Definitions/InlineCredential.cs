using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Definitions;

/// <summary>Makes or changes the external credential of a named credential's inline <c>authentication</c>; contract sections 4 and 9.</summary>
internal sealed class InlineCredential(DefinitionCodec codec, CredentialBinder binder, SecretSealer sealer, AuthenticationProtocols protocols, SecretSources sources)
{
    private readonly SecretChanges _secrets = new(sealer);

    /// <summary>The id of the external credential, or why it can't be made so.</summary>
    public async Task<Result<Guid>> WriteAsync(Draft draft, NamedCredential named, NamedCredential? before, InlineAuthentication inline, bool discardSecrets)
    {
        if (NameRules.IsComputed(named.Name.Value))
        {
            return VaultError.Invalid("$.name", $"{named.Name} means something else in merge fields; choose another name.");
        }

        var existing = ExternalCredentialAdministration.Find(draft.Definitions, named.Name);
        if (existing is { IsInline: false } || (existing is not null && before is null))
        {
            return new VaultError(ErrorCodes.AlreadyExists, $"There is an external credential {named.Name} that was not made inline; name it in externalCredential.");
        }

        if (inline.Parameters is { } sent && sources.Check(sent, "$.authentication.parameters") is { } bad)
        {
            return bad;
        }

        var after = MakeBound(draft, named, existing, inline);
        if (!after.IsOk)
        {
            return after.Error;
        }

        if (ExternalCredentialRules.FindHostOutside(draft.Definitions, after.Value) is { } outside && existing is null)
        {
            return outside;
        }

        if (existing is not null && await ChangeAsync(draft, existing, after.Value, inline, discardSecrets) is { } refused)
        {
            return refused;
        }

        var row = codec.ToRow(after.Value.Definition);
        if (existing is null)
        {
            draft.Database.ExternalCredentials.Add(row);
        }
        else
        {
            draft.Database.ExternalCredentials.Update(row).Property(entity => entity.Version).OriginalValue = existing.Version;
        }

        draft.Definitions = draft.Definitions.With(after.Value.Definition);
        if (inline.Parameters is { } parameters)
        {
            await _secrets.SetAsync(draft, after.Value, after.Value.Definition.Principals[0].Id, "", parameters, isWhole: true, isNew: existing is null);
        }

        return after.Value.Definition.Id;
    }

    private async Task<VaultError?> ChangeAsync(Draft draft, ExternalCredential existing, BoundCredential after, InlineAuthentication inline, bool discardSecrets)
    {
        var before = binder.Bind(existing);
        if (!before.IsOk)
        {
            return before.Error;
        }

        if (ExternalCredentialRules.FindTravel(before.Value, after) is { } travel && await SecretChanges.AnyAsync(draft, existing.Id))
        {
            // All of them anew means that whoever sends this knows them already.
            var sent = inline.Parameters?.Where(parameter => parameter.Value is not null).Select(parameter => parameter.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var isAnew = sent is not null && after.Authentication.RequiredParameters.All(sent.Contains) && existing.Principals.Count == 1;
            if (!isAnew && !discardSecrets)
            {
                return new VaultError(
                    ErrorCodes.SecretsWouldTravel, $"Secrets are set, and with this change they could travel elsewhere: {travel}. Send all parameters anew, or ?discardSecrets=true.");
            }

            await SecretChanges.ShredAsync(draft, existing.Id);
        }

        return await _secrets.ResealAsync(draft, before.Value, after);
    }

    private Result<BoundCredential> MakeBound(Draft draft, NamedCredential named, ExternalCredential? existing, InlineAuthentication inline)
    {
        var settings = protocols.Bind(inline.Settings);
        if (!settings.IsOk)
        {
            return settings.Error;
        }

        // Its own host, and those that its login requests name: nobody else says where these secrets may go.
        var own = AllowedHost.Of(NamedCredentialRules.OriginOf(named));
        AllowedHost[] hosts = [own, .. settings.Value.TokenUrls.Select(AllowedHost.Of).Where(host => host != own).Distinct()];
        return binder.Bind(new ExternalCredential
        {
            Id = existing?.Id ?? Guid.NewGuid(),
            Name = existing?.Name ?? named.Name,
            Label = existing?.Label ?? named.Label,
            Description = existing?.Description,
            Authentication = inline.Settings,
            AllowedHosts = hosts,
            Principals = existing?.Principals ?? [new Principal(Guid.NewGuid(), DeveloperName.Parse("default"), 1)],
            CustomHeaders = existing?.CustomHeaders ?? [],
            IsInline = true,
            Version = (existing?.Version ?? 0) + 1,
            CreatedAt = existing?.CreatedAt ?? draft.Now,
            UpdatedAt = draft.Now,
        });
    }
}
