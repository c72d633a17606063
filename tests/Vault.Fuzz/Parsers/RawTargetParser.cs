using System.Globalization;
using System.Text;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;

namespace Vault.Fuzz.Parsers;

/// <summary>A raw request target: what passes stays below the url, byte for byte, however often it is decoded.</summary>
internal sealed class RawTargetParser : IFuzzedParser
{
    private const string Url = "https://service.example/api/v1";

    public string Name => "raw-target";

    public IReadOnlyList<string> Words =>
    [
        "/callout/Service", "/callout/", "//", "/../", "..", ".", "%2e", "%2E%2e", "%252e", "%25252e", "%2f", "%5c", "\\", ";", "..;", "%00", "%0d%0a", "%c0%af", "%ff", "%ef%bc%8f", "．．／",
        "?", "#", "http://evil.example/", "https:evil", "@", "%", "%2", "*", ":", "[::1]", "%u002e", "+",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var pattern = reader.Text();
        var target = Encoding.Latin1.GetString(reader.Rest());
        var hasDots = RawTargetGuard.HasDotSegment(target);
        var parsed = CalloutTarget.Parse(target);
        if (!parsed.IsOk)
        {
            return;
        }

        var (name, path, query) = parsed.Value;
        var again = target[..CalloutTarget.Prefix.Length] + name + path + (query is null ? "" : "?" + query);
        FuzzFailure.Unless(again.Equals(target, StringComparison.OrdinalIgnoreCase) && again[^path.Length..] == target[^path.Length..] || query is not null, "The parts aren't the whole.");
        _ = AllowedRequestMatcher.IsAllowed([new AllowedRequest(["GET"], "/" + pattern)], "GET", path);
        if (PathConfinement.Check(path) is not null)
        {
            return;
        }

        FuzzFailure.Unless(!hasDots, "The guard before routing and the confinement disagree.");
        var decoded = Encoding.Latin1.GetBytes(path);
        for (var round = 0; round <= 3; round++)
        {
            var segments = Encoding.Latin1.GetString(decoded).Split('/', '\\').Select(segment => segment.Split(';')[0]);
            FuzzFailure.Unless(!segments.Any(segment => segment is "." or ".."), $"Decoded {round} times it has a dot segment.");
            FuzzFailure.Unless(!decoded.Any(b => b is < 0x20 or 0x7F), $"Decoded {round} times it has a control character.");
            decoded = Decode(decoded);
        }

        var joined = UpstreamUrl.Join(Url, path, query, []);
        FuzzFailure.Unless(joined.Host == "service.example" && joined.Scheme == "https" && joined.Port == 443 && joined.UserInfo.Length == 0, "It goes elsewhere.");
        FuzzFailure.Unless(RequestTarget.PathOf(joined) == "/api/v1" + path, $"The path on the wire is {RequestTarget.PathOf(joined)}.");
    }

    private static byte[] Decode(byte[] bytes)
    {
        List<byte> result = [];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '%' && i + 2 < bytes.Length
                && byte.TryParse(Encoding.Latin1.GetString(bytes, i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                result.Add(value);
                i += 2;
            }
            else
            {
                result.Add(bytes[i]);
            }
        }

        return [.. result];
    }
}
