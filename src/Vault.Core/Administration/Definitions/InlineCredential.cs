using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Definitions;

/// <summary>Makes or changes the external credential of a named credential's inline <c>authentication</c>; contract sections 4 and 9.</summary>
internal sealed class InlineCredential(
    DefinitionCodec codec, EgressPolicy egress, CredentialBinder binder, SecretSealer sealer, AuthenticationProtocols protocols, SecretSources sources)
{
    private static readonly DeveloperName Default = DeveloperName.Parse("default");

    private readonly SecretChanges _secrets = new(sealer);
    private readonly SecretResealing _resealing = new(sealer);

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
            return new VaultError(
                ErrorCodes.AlreadyExists,
                existing.IsInline
                    ? $"There is an external credential {named.Name} still, made inline by a named credential that is gone; name it in externalCredential, or delete it first."
                    : $"There is an external credential {named.Name} that was not made inline; name it in externalCredential.");
        }

        if (inline.Parameters is { } sent && sources.Check(sent, inline.PlaceOf) is { } bad)
        {
            return bad;
        }

        var after = MakeBound(draft, named, before, existing, inline);
        if (!after.IsOk)
        {
            return after.Error;
        }

        if ((ExternalCredentialRules.FindUnsendable(after.Value.Authentication) ?? ExternalCredentialRules.FindHttp(after.Value.Authentication, egress.AllowHttp)) is { } mistaken)
        {
            return mistaken;
        }

        // Its own named credential as it will be; others that use it stay where they are.
        var users = existing is null ? draft.Definitions : draft.Definitions.With(named with { ExternalCredentialId = existing.Id });
        if (ExternalCredentialRules.FindHostOutside(users, after.Value) is { } outside)
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
            var principal = PrincipalOf(after.Value.Definition);
            await _secrets.SetAsync(draft, after.Value, principal.Id, "", parameters, isWhole: true, isNew: existing is null);
            SecretChanges.Note(draft, after.Value.Definition, principal, "credential.updated");
        }

        return after.Value.Definition.Id;
    }

    /// <summary>
    /// Removes what was made inline and lost its last user with a named credential: its own, whatever it is linked to now, and the one that
    /// it was linked to, where the named credential that made that is gone.
    /// </summary>
    public static async Task RemoveUnusedAsync(Draft draft, NamedCredential gone)
    {
        var candidates = new[] { ExternalCredentialAdministration.Find(draft.Definitions, gone.Name), draft.Definitions.ExternalCredentials.GetValueOrDefault(gone.ExternalCredentialId) };
        foreach (var external in candidates.OfType<ExternalCredential>().DistinctBy(external => external.Id))
        {
            if (external.IsInline && !draft.Definitions.NamedCredentials.ContainsKey(external.Name.Key)
                && ExternalCredentialAdministration.UsersOf(draft.Definitions, external.Id).Count == 0)
            {
                await ExternalCredentialAdministration.RemoveAsync(draft, external);
            }
        }
    }

    // The one that a callout uses where nothing else is said.
    private static Principal PrincipalOf(ExternalCredential credential) =>
        credential.Principals.FirstOrDefault(principal => principal.Name == Default) ?? credential.Principals.OrderBy(principal => principal.Sequence).First();

    private async Task<VaultError?> ChangeAsync(Draft draft, ExternalCredential existing, BoundCredential after, InlineAuthentication inline, bool discardSecrets)
    {
        var before = binder.Bind(existing);
        if (!before.IsOk)
        {
            return before.Error;
        }

        var travel = ExternalCredentialRules.FindTravel(before.Value, after);
        if (travel is not null && await SecretChanges.AnyAsync(draft, existing.Id))
        {
            // All of them anew means that whoever sends this knows them already.
            var sent = inline.Parameters?.Where(parameter => parameter.Value is not null).Select(parameter => parameter.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var isAnew = sent is not null && after.RequiredParameters.All(sent.Contains) && existing.Principals.Count == 1
                && await SecretChanges.AreAllAsync(draft, existing.Id, after.Definition.Protocol == existing.Protocol ? sent : null);
            if (!isAnew && !discardSecrets)
            {
                return new VaultError(
                    ErrorCodes.SecretsWouldTravel, $"Secrets are set, and with this change they could travel elsewhere: {travel}. Send all parameters anew, or ?discardSecrets=true.");
            }

        }

        if (travel is not null)
        {
            // Also what was replaced before: sealed to where others go now, a row in the database that says so would let it travel.
            await SecretChanges.DiscardAsync(draft, existing);
        }

        return await _resealing.RunAsync(draft, before.Value, after);
    }

    private Result<BoundCredential> MakeBound(
        Draft draft, NamedCredential named, NamedCredential? before, ExternalCredential? existing, InlineAuthentication inline)
    {
        var settings = protocols.Bind(inline.Settings);
        if (!settings.IsOk)
        {
            return settings.Error;
        }

        return binder.Bind(new ExternalCredential
        {
            Id = existing?.Id ?? Guid.NewGuid(),
            Name = existing?.Name ?? named.Name,
            Label = existing?.Label ?? named.Label,
            Description = existing?.Description,
            Authentication = inline.Settings,
            AllowedHosts = HostsOf(named, before, existing, settings.Value),
            Principals = existing?.Principals ?? [new Principal(Guid.NewGuid(), Default, 1)],
            CustomHeaders = existing?.CustomHeaders ?? [],
            IsInline = true,
            Version = (existing?.Version ?? 0) + 1,
            CreatedAt = existing?.CreatedAt ?? draft.Now,
            UpdatedAt = draft.Now,
        });
    }

    // Its own host, and those that its login requests name. What an admin allowed beyond them stays, as allowedHosts left out do.
    private IReadOnlyList<AllowedHost> HostsOf(NamedCredential named, NamedCredential? before, ExternalCredential? existing, IBoundAuthentication settings)
    {
        var needed = Needed(named, settings);
        if (existing?.AllowedHosts is not { } allowed)
        {
            return needed;
        }

        if (needed.All(host => allowed.Any(old => old.Covers(host))))
        {
            return allowed;
        }

        var old = before is not null && before.ExternalCredentialId == existing.Id && binder.Bind(existing) is { IsOk: true } bound
            ? Needed(before, bound.Value.Authentication)
            : [];
        var kept = allowed.Except(old).ToArray();
        return [.. kept, .. needed.Where(host => !kept.Any(other => other.Covers(host)))];
    }

    private static AllowedHost[] Needed(NamedCredential named, IBoundAuthentication settings) =>
        [.. settings.TokenUrls.Select(AllowedHost.Of).Prepend(AllowedHost.Of(NamedCredentialRules.OriginOf(named))).Distinct()];
}
