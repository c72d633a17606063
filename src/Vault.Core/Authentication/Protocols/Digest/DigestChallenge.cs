namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>A challenge that can be answered (RFC 7616 section 3.3). Its texts are strings of bytes: what they mean is the server's to know.</summary>
/// <param name="Realm">The realm.</param>
/// <param name="Nonce">The server's nonce.</param>
/// <param name="Opaque">Handed back as it is; null: none.</param>
/// <param name="Algorithm">MD5, SHA-256, SHA-512-256, or one of them with <c>-sess</c>, as the server wrote it; null: MD5, unsaid.</param>
/// <param name="Qop"><c>auth</c>, <c>auth-int</c>, or null for a server of RFC 2069.</param>
/// <param name="IsUtf8">Whether the server says that it reads names in UTF-8.</param>
/// <param name="IsUserHashed">Whether the user's name is to be sent as a hash.</param>
/// <param name="IsStale">Whether only the nonce was too old.</param>
internal sealed record DigestChallenge(string Realm, string Nonce, string? Opaque, string? Algorithm, string? Qop, bool IsUtf8, bool IsUserHashed, bool IsStale)
{
    private static readonly string[] Algorithms = ["SHA-512-256-sess", "SHA-512-256", "SHA-256-sess", "SHA-256", "MD5-sess", "MD5"];

    /// <summary>The first of the strongest challenges of all headers that can be answered (RFC 7616 section 3.7); null: none.</summary>
    public static DigestChallenge? Choose(IReadOnlyList<string> headers)
    {
        DigestChallenge? best = null;
        foreach (var parameters in headers.SelectMany(ChallengeReader.Read).Where(challenge => challenge.Scheme.Equals("Digest", StringComparison.OrdinalIgnoreCase)))
        {
            if (Of(parameters.Parameters) is { } challenge && (best is null || (best.IsMd5 && !challenge.IsMd5)))
            {
                best = challenge;
            }
        }

        return best;
    }

    /// <summary>
    /// The same with the nonce that the server wants next time (RFC 7616 section 3.5); null where it names none that can be used. A session's key is made of its first
    /// nonce, and a server that changes it meanwhile challenges anew.
    /// </summary>
    /// <param name="headers">The <c>Authentication-Info</c> headers of an answer.</param>
    public DigestChallenge? Next(IReadOnlyList<string> headers) =>
        !IsSession
        && headers.SelectMany(header => ChallengeReader.Read("Digest " + header)).Select(info => info.Parameters.GetValueOrDefault("nextnonce")).FirstOrDefault(nonce => nonce is not null) is { Length: > 0 } next
        && IsQuotable(next) && next != Nonce
            ? this with { Nonce = next, IsStale = false }
            : null;

    /// <summary>Whether its answers share a key, made with the first of them.</summary>
    public bool IsSession => Algorithm?.EndsWith("-sess", StringComparison.OrdinalIgnoreCase) is true;

    // The others are equally strong, and the server's order counts.
    private bool IsMd5 => Algorithm?.StartsWith("MD5", StringComparison.OrdinalIgnoreCase) is not false;

    private static DigestChallenge? Of(IReadOnlyDictionary<string, string> parameters)
    {
        if (!parameters.TryGetValue("nonce", out var nonce) || nonce.Length == 0 || !parameters.TryGetValue("realm", out var realm)
            || !IsQuotable(nonce) || !IsQuotable(realm))
        {
            return null;
        }

        var algorithm = parameters.GetValueOrDefault("algorithm");
        if (algorithm is not null && !Algorithms.Contains(algorithm, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var opaque = parameters.GetValueOrDefault("opaque");
        string? qop = null;
        if (parameters.TryGetValue("qop", out var offered) && offered.Length > 0)
        {
            var offers = offered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            qop = Array.Find(["auth", "auth-int"], choice => offers.Contains(choice, StringComparer.OrdinalIgnoreCase));
            if (qop is null)
            {
                return null;
            }
        }

        return opaque is not null && !IsQuotable(opaque)
            ? null
            : new DigestChallenge(realm, nonce, opaque, algorithm, qop, Is("charset", "UTF-8"), Is("userhash", "true"), Is("stale", "true"));

        bool Is(string name, string wanted) => parameters.TryGetValue(name, out var value) && value.Equals(wanted, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsQuotable(string text) => text.Length <= 4096 && !text.Any(c => c is < ' ' or '\x7F');
}
