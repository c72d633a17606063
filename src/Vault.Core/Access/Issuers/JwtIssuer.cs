using System.Collections.Immutable;

namespace Vault.Core.Access.Issuers;

/// <summary>Who may issue tokens that the vault takes, and what they stand for: one entry of <c>Vault:Issuers</c>.</summary>
public sealed record JwtIssuer
{
    /// <summary>Its name in the audit.</summary>
    public required string Name { get; init; }

    /// <summary>Exactly what <c>iss</c> must be.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where OpenID Connect metadata is found; null: the keys come from elsewhere.</summary>
    public Uri? MetadataUrl { get; init; }

    /// <summary>Where the keys are found; null: the metadata says, or they are <see cref="StaticKeys"/>.</summary>
    public Uri? JwksUrl { get; init; }

    /// <summary>Keys that stand in the settings or in a file; null: they are fetched.</summary>
    public JwksKeys? StaticKeys { get; init; }

    /// <summary>One of them must be in <c>aud</c>.</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    /// <summary>The signatures that are taken; asymmetric ones only.</summary>
    public required ImmutableArray<string> Algorithms { get; init; }

    /// <summary>How far the issuer's clock may be from this one.</summary>
    public required TimeSpan ClockSkew { get; init; }

    /// <summary>The claim that says who it is.</summary>
    public required string SubjectClaim { get; init; }

    /// <summary>Stands before the subject in the id of a user.</summary>
    public required string UserPrefix { get; init; }

    /// <summary>What the tokens stand for; the first that applies counts.</summary>
    public required ImmutableArray<ClaimMapping> Mappings { get; init; }
}
