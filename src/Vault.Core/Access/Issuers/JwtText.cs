using System.Buffers.Text;
using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>What a token says before anybody believes it: read strictly, each name once, so that no two readers understand it differently.</summary>
internal sealed class JwtText : IDisposable
{
    /// <summary>Longer ones aren't looked at.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private readonly JsonDocument _header;
    private readonly JsonDocument _claims;

    private JwtText(JsonDocument header, JsonDocument claims)
    {
        _header = header;
        _claims = claims;
    }

    /// <summary>The signature's algorithm.</summary>
    public string? Algorithm => Text(_header.RootElement, "alg");

    /// <summary>The key's id.</summary>
    public string? KeyId => Text(_header.RootElement, "kid");

    /// <summary>Whether it is a token for access: some say so, some say nothing; a logout token or a proof of possession is none.</summary>
    public bool IsForAccess => !_header.RootElement.TryGetProperty("typ", out _)
        || Text(_header.RootElement, "typ")?.ToLowerInvariant() is "jwt" or "at+jwt" or "application/at+jwt";

    /// <summary>Whether its header asks for anything that isn't understood here (RFC 7515 section 4.1.11).</summary>
    public bool IsExtended => _header.RootElement.TryGetProperty("crit", out _) || _header.RootElement.TryGetProperty("b64", out _)
        || _header.RootElement.TryGetProperty("zip", out _) || _header.RootElement.TryGetProperty("enc", out _);

    /// <summary>Who issued it.</summary>
    public string? Issuer => Text(Claims, "iss");

    /// <summary>All claims.</summary>
    public JsonElement Claims => _claims.RootElement;

    /// <summary>Whether a text looks like a signed token: three parts.</summary>
    public static bool HasForm(string text) => text.Length <= MaxLength && text.AsSpan().Count('.') == 2;

    /// <summary>Reads one; null where it isn't one.</summary>
    public static JwtText? TryParse(string text)
    {
        if (!HasForm(text))
        {
            return null;
        }

        var parts = text.Split('.');
        if (parts.Any(part => part.Length == 0 || !Base64Url.IsValid(part) || part.Contains('=', StringComparison.Ordinal) || part.Any(char.IsWhiteSpace)))
        {
            return null;
        }

        JsonDocument? header = null;
        try
        {
            var (head, body) = (Base64Url.DecodeFromChars(parts[0]), Base64Url.DecodeFromChars(parts[1]));
            if (!UnicodeJson.IsUnicode(head) || !UnicodeJson.IsUnicode(body))
            {
                return null;
            }

            header = JsonDocument.Parse(head, Strict);
            var claims = JsonDocument.Parse(body, Strict);
            var token = new JwtText(header, claims);
            if (header.RootElement.ValueKind is JsonValueKind.Object && claims.RootElement.ValueKind is JsonValueKind.Object)
            {
                return token;
            }

            token.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            header?.Dispose();
            return null;
        }
    }

    /// <summary>A text claim; null where it is absent or something else.</summary>
    public static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>A time (RFC 7519 NumericDate); null where it is absent.</summary>
    /// <param name="name">The claim.</param>
    /// <param name="isLegal">False where it is there and no time.</param>
    public DateTimeOffset? Time(string name, out bool isLegal)
    {
        isLegal = true;
        if (!Claims.TryGetProperty(name, out var value))
        {
            return null;
        }

        isLegal = value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253402300800;
        return isLegal ? DateTimeOffset.UnixEpoch.AddSeconds(Math.Floor(value.GetDouble())) : null;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _header.Dispose();
        _claims.Dispose();
    }
}
