using System.Security.Cryptography;

namespace Vault.Core.Authentication.Assertions;

/// <summary>A signature algorithm of JSON Web Signatures (RFC 7518 section 3.1).</summary>
/// <param name="Name">The <c>alg</c> header.</param>
/// <param name="Family">RS, PS, ES or HS.</param>
/// <param name="Hash">The hash.</param>
internal sealed record JwtAlgorithm(string Name, string Family, HashAlgorithmName Hash)
{
    private static readonly JwtAlgorithm[] All =
    [
        .. from family in new[] { "RS", "PS", "ES", "HS" }
           from hash in new[] { ("256", HashAlgorithmName.SHA256), ("384", HashAlgorithmName.SHA384), ("512", HashAlgorithmName.SHA512) }
           select new JwtAlgorithm(family + hash.Item1, family, hash.Item2),
    ];

    /// <summary>The names, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(algorithm => algorithm.Name));

    /// <summary>The algorithm of a name, or null; EdDSA isn't there, since .NET has no Ed25519.</summary>
    public static JwtAlgorithm? Find(string name) => Array.Find(All, algorithm => algorithm.Name == name);

    /// <summary>The curve that an ES algorithm is for (RFC 7518 section 3.4).</summary>
    public ECCurve Curve => Hash == HashAlgorithmName.SHA256 ? ECCurve.NamedCurves.nistP256 : Hash == HashAlgorithmName.SHA384 ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP521;
}
