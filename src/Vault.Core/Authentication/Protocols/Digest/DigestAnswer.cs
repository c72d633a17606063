using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>Computes the answer to a challenge (RFC 7616 section 3.4).</summary>
internal static class DigestAnswer
{
    /// <summary>The <c>Authorization</c> header, a string of bytes, and the response in it.</summary>
    /// <param name="challenge">What is answered.</param>
    /// <param name="username">The user.</param>
    /// <param name="password">The password.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">Path and query as they are sent.</param>
    /// <param name="body">The body; only for <c>auth-int</c>.</param>
    /// <param name="count">How often the nonce was used, this time included.</param>
    /// <param name="clientNonce">Ours.</param>
    public static (string Header, string Response) Make(
        DigestChallenge challenge, string username, string password, string method, string target, ReadOnlySpan<byte> body, int count, string clientNonce)
    {
        var algorithm = challenge.Algorithm ?? "MD5";
        var (user, pass) = (Utf8(username), Utf8(password));
        var secret = H($"{user}:{challenge.Realm}:{pass}");
        if (challenge.IsSession)
        {
            secret = H($"{secret}:{challenge.Nonce}:{clientNonce}");
        }

        var what = challenge.Qop == "auth-int" ? $"{method}:{target}:{Hex(algorithm, body)}" : $"{method}:{target}";
        var nc = count.ToString("x8", CultureInfo.InvariantCulture);
        var response = challenge.Qop is null
            ? H($"{secret}:{challenge.Nonce}:{H(what)}")
            : H($"{secret}:{challenge.Nonce}:{nc}:{clientNonce}:{challenge.Qop}:{H(what)}");

        var header = new StringBuilder("Digest ");
        if (challenge.IsUserHashed)
        {
            header.Append("username=").Append(Quote(H($"{user}:{challenge.Realm}"))).Append(", userhash=true");
        }
        else if (username.All(c => c is >= ' ' and not '\x7F' && (c < '\x7F' || !challenge.IsUtf8)))
        {
            // Servers that don't announce UTF-8 don't know the other form, and compare bytes.
            header.Append("username=").Append(Quote(user));
        }
        else
        {
            header.Append("username*=UTF-8''").Append(Uri.EscapeDataString(username));
        }

        header.Append(", realm=").Append(Quote(challenge.Realm)).Append(", nonce=").Append(Quote(challenge.Nonce)).Append(", uri=").Append(Quote(target));
        if (challenge.Algorithm is not null)
        {
            header.Append(", algorithm=").Append(challenge.Algorithm);
        }

        if (challenge.Qop is not null)
        {
            header.Append(", qop=").Append(challenge.Qop).Append(", nc=").Append(nc).Append(", cnonce=").Append(Quote(clientNonce));
        }

        header.Append(", response=").Append(Quote(response));
        if (challenge.Opaque is not null)
        {
            header.Append(", opaque=").Append(Quote(challenge.Opaque));
        }

        return (header.ToString(), response);

        string H(string bytes) => Hex(algorithm, Encoding.Latin1.GetBytes(bytes));
    }

    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "RFC 7616 keeps MD5 for old servers; the server chooses.")]
    private static string Hex(string algorithm, ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(
        algorithm.StartsWith("SHA-512-256", StringComparison.OrdinalIgnoreCase) ? Sha512T256.HashData(bytes)
        : algorithm.StartsWith("SHA-256", StringComparison.OrdinalIgnoreCase) ? SHA256.HashData(bytes)
        : MD5.HashData(bytes));

    private static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
