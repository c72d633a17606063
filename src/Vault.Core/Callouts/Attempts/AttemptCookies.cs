using Vault.Core.Authentication;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>Cookies that the authorization adds: each replaces the caller's of its name and joins the others.</summary>
internal static class AttemptCookies
{
    /// <summary>Rewrites the <c>Cookie</c> header; null, or why a value can't stand in it.</summary>
    public static VaultError? Inject(
        List<KeyValuePair<string, string>> headers, IReadOnlyList<InjectedValue> cookies, Action<InjectedValue> noteSecret)
    {
        var pairs = new List<string>();
        foreach (var header in headers.Where(IsCookie))
        {
            pairs.AddRange(header.Value
                .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(pair => !cookies.Any(cookie => cookie.Name == pair.Split('=', 2)[0].TrimEnd())));
        }

        foreach (var cookie in cookies)
        {
            // A semicolon would end the cookie and begin another (RFC 6265 section 4.1.1).
            if (!HeaderText.IsLegal(cookie.Value) || cookie.Value.Contains(';', StringComparison.Ordinal))
            {
                return new VaultError(
                    ErrorCodes.SecretNotAHeaderValue, $"The value for the cookie {cookie.Name} has a character that can't stand in a cookie.");
            }

            noteSecret(cookie);
            pairs.Add(cookie.Name + "=" + HeaderText.Encode(cookie.Value));
        }

        headers.RemoveAll(IsCookie);
        headers.Add(new("Cookie", string.Join("; ", pairs)));
        return null;

        static bool IsCookie(KeyValuePair<string, string> header) => header.Key.Equals("Cookie", StringComparison.OrdinalIgnoreCase);
    }
}
