using System.Globalization;
using System.Text.Json;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth2;

/// <summary>Reads a token answer (RFC 6749 section 5); what makes no sense is refused and kept nowhere.</summary>
internal static class TokenAnswer
{
    private const int MaxToken = 64 * 1024;
    private const double MaxSeconds = 10.0 * 366 * 24 * 3600;

    // What stands for "never" (2^31 - 1 and the like) is kept for MaxSeconds; beyond this it makes no sense.
    private const double Furthest = uint.MaxValue;

    /// <summary>The token set.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="refreshToken">The one before, kept where the answer omits it (section 6); null: none.</param>
    /// <param name="now">When it came.</param>
    public static Result<TokenSet> Read(SignInAnswer answer, string? refreshToken, DateTimeOffset now)
    {
        if (!answer.IsSuccess)
        {
            return SignInExchange.Refused(answer);
        }

        if (answer.Json is not { ValueKind: JsonValueKind.Object } json)
        {
            return SignInExchange.Failed($"{answer.Outcome}, but with no JSON object.", SignInAdvice.OfAnotherAnswer);
        }

        if (json.TryGetProperty("error", out var error) && !IsNothing(error))
        {
            return SignInExchange.Failed($"{answer.Outcome}, but it carries an error.", SignInAdvice.Of(answer));
        }

        if (!json.TryGetProperty("access_token", out var token) || !IsToken(token))
        {
            return SignInExchange.Failed($"{answer.Outcome}, but with no access_token that can be used.", SignInAdvice.OfAnotherAnswer);
        }

        // RFC 6749 section 7.1: a token of a type that isn't known must not be used. Token exchange has N_A.
        if (json.TryGetProperty("token_type", out var type) && !IsNothing(type) && !(type.ValueKind is JsonValueKind.String && IsBearer(type.GetString()!.Trim())))
        {
            return SignInExchange.Failed($"{answer.Outcome}, but the token is no bearer token.", "Look at which kind of token the client is registered for there: others than bearer tokens can't be used.");
        }

        if (!TryReadEnd(json, now, out var end))
        {
            return SignInExchange.Failed($"{answer.Outcome}, but with a lifetime that makes no sense; the token is not used.", "Look at the lifetime of tokens that is set there: expires_in counts seconds.");
        }

        var values = new Dictionary<string, SecretText>(StringComparer.OrdinalIgnoreCase) { [OAuth2Tokens.AccessToken] = new(token.GetString()!) };
        var renewal = json.TryGetProperty("refresh_token", out var fresh) && IsRefreshToken(fresh) ? fresh.GetString() : refreshToken;
        if (renewal is not null)
        {
            values[OAuth2Tokens.RefreshToken] = new SecretText(renewal);
        }

        return new TokenSet(Guid.NewGuid(), values, now, end);
    }

    // As failWhen has it: some servers always answer with every member.
    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    // BearerToken is what Apigee calls it.
    private static bool IsBearer(string type) =>
        type.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || type.Equals("BearerToken", StringComparison.OrdinalIgnoreCase) || type.Equals("N_A", StringComparison.OrdinalIgnoreCase);

    // An access token goes into a header.
    private static bool IsToken(JsonElement value) => IsText(value, c => c is > ' ' and <= '~');

    // A refresh token goes into a form. RFC 6749 appendix A.17 allows spaces; the one before would be spent.
    private static bool IsRefreshToken(JsonElement value) => IsText(value, c => !char.IsControl(c));

    private static bool IsText(JsonElement value, Func<char, bool> isLegal) =>
        value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 and <= MaxToken } text && text.All(isLegal);

    private static bool TryReadEnd(JsonElement json, DateTimeOffset now, out DateTimeOffset? end)
    {
        end = null;
        if (!json.TryGetProperty("expires_in", out var value) || value.ValueKind is JsonValueKind.Null)
        {
            return true;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetString()!.Trim(),
            _ => null,
        };
        if (text is "")
        {
            return true;
        }

        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var seconds)
            || seconds is not (>= 0 and <= Furthest))
        {
            return false;
        }

        // Some servers say 0 of a token that doesn't end. One that is over is told by refreshOn.
        end = seconds == 0 ? null : now.AddSeconds(Math.Min(seconds, MaxSeconds));
        return true;
    }
}
