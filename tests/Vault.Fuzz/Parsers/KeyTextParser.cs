using System.Text;
using Microsoft.AspNetCore.Http;
using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Egress;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Fuzz.Parsers;

/// <summary>Keys of all kinds: a caller's, an admin's PEM or JWK, certificates; read, or taken for none.</summary>
internal sealed class KeyTextParser : IFuzzedParser
{
    private static readonly string[] Headers = ["X-Vault-Key", "Proxy-Authorization", "Authorization", "x-api-key"];

    public string Name => "key-text";

    public IReadOnlyList<string> Words =>
    [
        "vk_", "vk_abcdefgh1234_", "0123456789abcdef0123456789abcdef", "Bearer ", "Basic ", "bearer vk_", "dms6dmtf", "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "-----BEGIN EC PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----", "{\"kty\":\"oct\",\"k\":\"", "\"kty\":\"RSA\"", "\"n\":\"", "\"e\":\"AQAB\"",
        "\"d\":\"", "\"p\":\"", "\"q\":\"", "\"dp\":\"", "\"dq\":\"", "\"qi\":\"", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"", "\"y\":\"", "==", "MII",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var which = reader.Byte();
        var text = Encoding.Latin1.GetString(reader.Rest());
        switch (which % 4)
        {
            case 0:
                ReadCallers(text, Headers[which / 4 % Headers.Length]);
                break;
            case 1:
                var algorithm = JwtAlgorithm.Find(new[] { "HS256", "RS256", "PS384", "ES256", "ES512" }[which / 4 % 5])!;
                _ = MergeTemplate.Parse($"{{!BASE64ENCODE(SIGN('SHA-256', 'data', '{text}'))}}").Value?.Resolve(new MergeLanguage(), MergeEscaping.None);
                _ = SigningKey.Sign(algorithm, text, which > 127 ? "password" : null, "data"u8.ToArray());
                break;
            case 2:
                _ = UpstreamIdentity.Make("key", null, text);
                break;
            default:
                FuzzFailure.Unless(!DeveloperName.TryParse(text, out var name) || (name.ToString() == text && text.Length is > 0 and <= 80 && text.All(char.IsAsciiLetterOrDigit) | text.Contains('_', StringComparison.Ordinal)), "A name that is none.");
                FuzzFailure.Unless(!UserName.IsLegal(text) || (text.Length is > 0 and <= 256 && text.All(c => c is >= ' ' and <= '~')), "A user that is none.");
                break;
        }
    }

    private static void ReadCallers(string text, string header)
    {
        if (VaultKeyText.TryParse(text) is { } key)
        {
            FuzzFailure.Unless(key.Reveal() == text, "The key isn't what was read.");
            FuzzFailure.Unless(!key.ToString().Contains(key.Secret.Reveal(), StringComparison.Ordinal), "A key tells its secret.");
        }

        var headers = new HeaderDictionary { [header] = text };
        var found = CallerKeys.OfCallout(headers);
        FuzzFailure.Unless(found.Header is null || found.Header == header, "It was found elsewhere.");
        FuzzFailure.Unless(found.Key is null || header is "X-Vault-Key" or "Proxy-Authorization" || CallerKeys.IsKey(header, text), "A key that would be forwarded.");
        _ = CallerKeys.OfAdmin(headers);
    }
}
