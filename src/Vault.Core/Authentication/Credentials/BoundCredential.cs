using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Credentials;

/// <summary>An external credential with its protocol bound; made once per definition.</summary>
/// <param name="Definition">The definition.</param>
/// <param name="Authentication">Its protocol, with settings read and templates compiled.</param>
/// <param name="Binding">See <see cref="CredentialBinding"/>.</param>
public sealed record BoundCredential(ExternalCredential Definition, IBoundAuthentication Authentication, byte[] Binding)
{
    private static readonly FrozenSet<string> Computed =
        new[] { "Body", "OAuthToken", "OAuthConsumerKey", "AuthorizationMethod", "AuthorizationHeaderValue" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The parameters that must have a value before a callout: the protocol's own and those that its settings name.</summary>
    public IReadOnlyList<string> RequiredParameters =>
        [.. Authentication.RequiredParameters.Concat(ParametersOf(Authentication.References)).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>
    /// Those of <see cref="RequiredParameters"/> that prove who a user of a per-user principal is: one of them has to be the user's own, since with nothing but what
    /// all users share everybody would be the same person. None: whatever is the user's own will do.
    /// </summary>
    public IReadOnlyList<string> Proofs => [.. RequiredParameters.Where(Authentication.IsSecret)];

    /// <summary>Whether parameters of a user's own, by their names, prove who that is.</summary>
    public bool IsProof(IReadOnlyCollection<string> own) =>
        Proofs is { Count: > 0 } proofs ? proofs.Any(proof => own.Contains(proof, StringComparer.OrdinalIgnoreCase)) : own.Count > 0;

    /// <summary>
    /// Why these parameters don't say who a user is: that takes a user's own secrets, or at least a user's own name in what is signed, never only what all users
    /// share. Null: they do, or no user is asked for; also where a person consents, which is judged by the consent.
    /// </summary>
    public VaultError? FindUnproven(Principal principal, CredentialSet parameters)
    {
        if (principal.Type is not PrincipalType.PerUser || Authentication.Consent is not null || Authentication.NamesUser || IsProof(parameters.OwnNames))
        {
            return null;
        }

        var proofs = string.Join(" or ", Proofs);
        return new VaultError(
            ErrorCodes.CredentialNotConfigured,
            $"The user has no {(proofs.Length == 0 ? "secrets" : proofs)} of their own for the principal {principal.Name} of the external credential {Definition.Name}. "
            + "An admin sets what is missing with PUT /api/v1/external-credentials/{name}/principals/{principal}/users/{user}/credential.");
    }

    /// <summary>The parameters that references name, each once: nothing that is computed, and no other external credential's, which can have no value here.</summary>
    /// <param name="references">In any template of this credential, or of one that uses it.</param>
    public IEnumerable<string> ParametersOf(IEnumerable<MergeReference> references) => references
        .Where(reference => reference.Kind is MergeReferenceKind.Credential && Owns(reference) && !Computed.Contains(reference.Name))
        .Select(reference => reference.Name)
        .Distinct(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a reference below <c>$Credential</c> names no external credential, or this one.</summary>
    public bool Owns(MergeReference reference) =>
        reference.Qualifier is not { } qualifier || qualifier.Equals(Definition.Name.Value, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Binds external credentials and remembers the outcome for as long as the definition lives.</summary>
public sealed class CredentialBinder(AuthenticationProtocols protocols)
{
    private readonly ConditionalWeakTable<ExternalCredential, BoundCredential> _bound = [];

    /// <summary>Binds; fails only where the settings don't fit the protocol.</summary>
    public Result<BoundCredential> Bind(ExternalCredential credential)
    {
        if (_bound.TryGetValue(credential, out var bound))
        {
            return bound;
        }

        var authentication = protocols.Bind(credential.Authentication);
        if (!authentication.IsOk)
        {
            return authentication.Error;
        }

        bound = new BoundCredential(credential, authentication.Value, CredentialBinding.Hash(credential, authentication.Value));
        _bound.AddOrUpdate(credential, bound);
        return bound;
    }
}
