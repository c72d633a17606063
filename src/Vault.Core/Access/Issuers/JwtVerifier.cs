using System.Globalization;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>Verifies the tokens of one issuer: everything that can be seen without a key first, then the signature.</summary>
/// <param name="keys">The issuer's.</param>
/// <param name="reserved">Beginnings of the users of other issuers: a subject that looks like one of theirs is no user.</param>
/// <param name="time">The clock.</param>
internal sealed class JwtVerifier(IssuerKeys keys, IReadOnlyList<string> reserved, TimeProvider time)
{
    private const int LongestSubject = 256;
    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = JwtText.MaxLength, MapInboundClaims = false };

    /// <summary>Its issuer's keys.</summary>
    public IssuerKeys Keys => keys;

    /// <summary>What the token is; else why not.</summary>
    public async Task<(VerifiedToken? Token, TokenRefusal Refusal)> VerifyAsync(string text, JwtText token, CancellationToken cancellationToken)
    {
        // 1. The header asks for nothing but a signature, of a kind that this issuer makes.
        var issuer = keys.Issuer;
        if (token.IsExtended)
        {
            return (null, TokenRefusal.Extension);
        }

        if (!token.IsForAccess)
        {
            return (null, TokenRefusal.Type);
        }

        if (token.Algorithm is not { } algorithm || !issuer.Algorithms.Contains(algorithm, StringComparer.Ordinal))
        {
            return (null, TokenRefusal.Algorithm);
        }

        // 2. It is of this time.
        if (End(token) is not { } end)
        {
            return (null, TokenRefusal.Time);
        }

        // 3. The key; one that isn't known may be new.
        var found = keys.Current.Find(token.KeyId, algorithm);
        if (found.Count == 0)
        {
            await keys.LookForNewAsync(cancellationToken);
            found = keys.Current.Find(token.KeyId, algorithm);
        }

        if (found.Count == 0)
        {
            return (null, TokenRefusal.Key);
        }

        // 4. Signature, issuer and audience, by a library that does nothing else.
        foreach (var key in found)
        {
            var result = await _handler.ValidateTokenAsync(text, new TokenValidationParameters
            {
                ValidAlgorithms = [algorithm],
                IssuerSigningKey = key.Jwk,
                TryAllIssuerSigningKeys = true,
                RequireSignedTokens = true,
                ValidIssuer = issuer.Issuer,
                ValidAudiences = issuer.Audiences,
                IgnoreTrailingSlashWhenValidatingAudience = false,
                RequireAudience = true,

                // Judged above, by the vault's clock.
                ValidateLifetime = false,
                LogValidationExceptions = false,
            });
            if (result.IsValid)
            {
                return Read(token, key.Thumbprint, end);
            }

            if (result.Exception is SecurityTokenInvalidAudienceException)
            {
                return (null, TokenRefusal.Audience);
            }
        }

        return (null, TokenRefusal.Signature);
    }

    /// <summary>When the token ends, with the skew; null where it isn't valid now, comes from the future, or never ends.</summary>
    private DateTimeOffset? End(JwtText token)
    {
        var now = time.GetUtcNow();
        var skew = keys.Issuer.ClockSkew;
        var ends = token.Time("exp", out _);
        var begins = token.Time("nbf", out var isBeginLegal);
        var issued = token.Time("iat", out var isIssueLegal);

        // There are tokens that end with the calendar.
        var until = ends > DateTimeOffset.MaxValue - skew ? DateTimeOffset.MaxValue : ends + skew;
        return until > now && isBeginLegal && isIssueLegal && !(begins - skew > now) && !(issued - skew > now) ? until : null;
    }

    private (VerifiedToken? Token, TokenRefusal Refusal) Read(JwtText token, string thumbprint, DateTimeOffset end)
    {
        var issuer = keys.Issuer;
        if (JwtText.Text(token.Claims, issuer.SubjectClaim) is not { Length: > 0 and <= LongestSubject } subject)
        {
            return (null, TokenRefusal.Subject);
        }

        var mapped = issuer.Mappings.Select(mapping => mapping.Find(token.Claims)).FirstOrDefault(found => found is not null);
        if (mapped is null)
        {
            return (null, TokenRefusal.Mapping);
        }

        var user = issuer.UserPrefix + subject;
        return (new VerifiedToken(keys, thumbprint, end, mapped, $"{issuer.Name}:{Escaped(subject)}", IsUser(user) ? user : null), default);
    }

    private bool IsUser(string user) => UserName.IsLegal(user) && !reserved.Any(prefix => user.StartsWith(prefix, StringComparison.Ordinal));

    // What would change the look of a line (controls, line ends, writing direction) is spelt out, and so is the backslash.
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var isPlain = c != '\\' && char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            if (isPlain)
            {
                escaped.Append(c);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
        }

        return escaped.ToString();
    }
}
