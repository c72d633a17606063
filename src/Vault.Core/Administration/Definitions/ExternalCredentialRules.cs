using System.Text.Json;
using Vault.Core.Administration.Changes;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Definitions;

/// <summary>What an external credential may be, and which changes would let its secrets travel.</summary>
internal sealed class ExternalCredentialRules(CredentialBinder binder)
{
    private const int MaxHosts = 100;
    private const int MaxPrincipals = 1000;

    /// <summary>Makes the definition of an input; everything that is wrong with it is said at once.</summary>
    public Result<BoundCredential> Make(ExternalCredentialInput input, DeveloperName? route, ExternalCredential? before, DateTimeOffset now)
    {
        var errors = new InputErrors();
        var name = NameRules.Read(input.Name, route, errors);
        if (name is { } given && NameRules.IsComputed(given.Value))
        {
            errors.Add("$.name", $"{given} means something else in merge fields; choose another name.");
        }

        if (route is null)
        {
            RefuseReadOnly(input, errors);
        }

        errors.CheckLength("$.label", input.Label, 255);
        errors.CheckLength("$.description", input.Description, 4000);
        var hosts = input.AllowedHosts is null ? before?.AllowedHosts : ReadHosts(input.AllowedHosts, errors);
        var principals = ReadPrincipals(input.Principals, before, isPost: route is null, errors);
        var headers = CustomHeaderRules.Read(input.CustomHeaders, errors);
        if (input.Authentication is not { ValueKind: not JsonValueKind.Null } authentication)
        {
            errors.Add("$.authentication", "Is required: an object with a protocol.");
            return errors.ToError();
        }

        var definition = new ExternalCredential
        {
            Id = before?.Id ?? Guid.NewGuid(),
            Name = before?.Name ?? name ?? default,
            Label = input.Label,
            Description = input.Description,
            Authentication = authentication.Clone(),
            AllowedHosts = hosts,
            Principals = principals,
            CustomHeaders = headers,
            IsInline = before?.IsInline ?? false,
            Version = (before?.Version ?? 0) + 1,
            CreatedAt = before?.CreatedAt ?? now,
            UpdatedAt = now,
        };
        var bound = binder.Bind(definition);
        if (!bound.IsOk)
        {
            errors.Add(bound.Error, "$.authentication");
        }
        else if (FindUnsendable(bound.Value.Authentication) is { } unsendable)
        {
            errors.Add(unsendable, "$.authentication");
        }

        return errors.Any || !bound.IsOk ? errors.ToError() : bound.Value;
    }

    /// <summary>Why secrets could travel elsewhere after a change; null where they couldn't.</summary>
    public static string? FindTravel(BoundCredential before, BoundCredential after)
    {
        if (before.Definition.Protocol != after.Definition.Protocol)
        {
            return "another protocol";
        }

        foreach (var host in after.Definition.AllowedHosts ?? [])
        {
            if (before.Definition.AllowedHosts?.Any(old => old.Covers(host)) is not true)
            {
                return $"the host {host} was added";
            }
        }

        // Each request of a sign-in, and each callout, is held to allowedHosts: where that is one host before and after, a URL that is written otherwise leads to no other.
        var only = before.Definition.AllowedHosts is [{ IsWildcard: false } one] && after.Definition.AllowedHosts is [var still] && still == one ? one : null;
        if (only is null && after.Authentication.HasRelativeUrls && !before.Authentication.HasRelativeUrls)
        {
            return "a login request goes to the url of each named credential";
        }

        var old = before.Authentication.TokenUrls.Select(AllowedHost.Of).ToHashSet();
        if (only is not null)
        {
            old.Add(only);
        }

        if (after.Authentication.TokenUrls.Select(AllowedHost.Of).FirstOrDefault(host => !old.Contains(host)) is { } added)
        {
            return $"a login request goes to {added}";
        }

        // A person would be sent there to sign in.
        return after.Authentication.ConsentUrl is { } consent && AllowedHost.Of(consent) is var asked && !old.Contains(asked)
            && !(before.Authentication.ConsentUrl is { } was && AllowedHost.Of(was) == asked)
            ? $"consent is asked for at {asked}"
            : null;
    }

    /// <summary><c>invalid-request</c> where a sign-in would go over http though this vault doesn't allow that, as of a named credential's <c>url</c>.</summary>
    public static VaultError? FindHttp(IBoundAuthentication authentication, bool allowHttp) =>
        !allowHttp && authentication.TokenUrls.Append<Uri?>(authentication.ConsentUrl).FirstOrDefault(url => url?.Scheme == Uri.UriSchemeHttp) is { } plain
            ? VaultError.Invalid("$.authentication", $"A sign-in would go to {plain.Authority} over http, which this vault doesn't allow (Vault:Egress:AllowHttp).")
            : null;

    /// <summary><c>invalid-request</c> where the URL of a request of a sign-in could never be sent.</summary>
    public static VaultError? FindUnsendable(IBoundAuthentication authentication)
    {
        var errors = new InputErrors();
        foreach (var path in authentication.UnsendableUrls)
        {
            errors.Add(path, "Path and query must be ASCII, without white space, control character, backslash, fragment and dot segment; percent-encode what they can't hold.");
        }

        return errors.Any ? errors.ToError() : null;
    }

    /// <summary><c>host-not-allowed</c> where a step URL, or a named credential that uses this one, is outside <c>allowedHosts</c>.</summary>
    public static VaultError? FindHostOutside(DefinitionSnapshot snapshot, BoundCredential credential)
    {
        if (credential.Definition.AllowedHosts is not { } hosts)
        {
            return null;
        }

        foreach (var url in credential.Authentication.TokenUrls)
        {
            if (!hosts.Any(host => host.Matches(url)))
            {
                return new VaultError(ErrorCodes.HostNotAllowed, $"A login request goes to {url.Authority}, which is not in allowedHosts.");
            }
        }

        foreach (var named in snapshot.UsersOf(credential.Definition.Id))
        {
            if (!hosts.Any(host => host.Matches(NamedCredentialRules.OriginOf(named))))
            {
                return new VaultError(ErrorCodes.HostNotAllowed, $"The named credential {named.Name} uses this one, and its host would not be in allowedHosts.");
            }
        }

        return null;
    }

    private static void RefuseReadOnly(ExternalCredentialInput input, InputErrors errors)
    {
        const string Message = "Is read-only.";
        if (input.CreatedAt is not null)
        {
            errors.Add("$.createdAt", Message);
        }

        if (input.UpdatedAt is not null)
        {
            errors.Add("$.updatedAt", Message);
        }

        if (input.UsedBy is not null)
        {
            errors.Add("$.usedBy", Message);
        }
    }

    private static List<AllowedHost> ReadHosts(IReadOnlyList<string> entries, InputErrors errors)
    {
        var hosts = new List<AllowedHost>();
        if (entries.Count is 0 or > MaxHosts)
        {
            errors.Add("$.allowedHosts", $"Must be 1 to {MaxHosts} entries.");
        }

        for (var index = 0; index < entries.Count && index < MaxHosts; index++)
        {
            if (entries[index] is not { } entry)
            {
                errors.Add($"$.allowedHosts[{index}]", "Must be a string.");
                continue;
            }

            var host = AllowedHost.Parse(entry);
            if (!host.IsOk)
            {
                errors.Add($"$.allowedHosts[{index}]", host.Error.Detail);
            }
            else if (!hosts.Contains(host.Value))
            {
                hosts.Add(host.Value);
            }
        }

        return hosts;
    }

    private static List<Principal> ReadPrincipals(IReadOnlyList<PrincipalInput>? inputs, ExternalCredential? before, bool isPost, InputErrors errors)
    {
        if (inputs is null)
        {
            return before is null ? [new Principal(Guid.NewGuid(), DeveloperName.Parse("default"), 1)] : [.. before.Principals];
        }

        if (inputs.Count is 0 or > MaxPrincipals)
        {
            errors.Add("$.principals", $"Must be 1 to {MaxPrincipals} principals.");
            return [];
        }

        var known = (before?.Principals ?? []).ToDictionary(old => (old.Name, old.Type), old => old.Id);
        var names = new HashSet<DeveloperName>();
        var principals = new List<Principal>();
        for (var index = 0; index < inputs.Count; index++)
        {
            var path = $"$.principals[{index}]";
            if (inputs[index] is not { } input)
            {
                errors.Add(path, "Must be an object.");
                continue;
            }

            if (isPost && input.Status is not null)
            {
                errors.Add(path + ".status", "Is read-only.");
            }

            if (input.Type is not (null or "named" or "perUser"))
            {
                errors.Add(path + ".type", "Must be named or perUser.");
            }

            if (!DeveloperName.TryParse(input.Name, out var name))
            {
                errors.Add(path + ".name", "The name " + DeveloperName.Rule + ".");
            }
            else if (!names.Add(name))
            {
                errors.Add(path + ".name", "Stands here twice.");
            }
            else
            {
                // With another type it is another principal: one user's secrets must not become everybody's.
                var type = input.Type == "perUser" ? PrincipalType.PerUser : PrincipalType.Named;
                principals.Add(new Principal(known.TryGetValue((name, type), out var id) ? id : Guid.NewGuid(), name, input.Sequence ?? index + 1, type));
            }
        }

        return principals;
    }
}
