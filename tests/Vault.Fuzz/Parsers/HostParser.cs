using System.Text;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Definitions;

namespace Vault.Fuzz.Parsers;

/// <summary>An entry of <c>allowedHosts</c> and a <c>url</c>: what passes means one host, however it is read.</summary>
internal sealed class HostParser : IFuzzedParser
{
    public string Name => "host";

    public IReadOnlyList<string> Words =>
    [
        "https://", "http://", "service.example", "*.", "*.service.example", ":443", ":80", ":0", ":65536", "@", "\\", "#", "?", "/", "..", "%2e", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1", "2130706433", "0x7f.1",
        "xn--", "ⓔxample.com", "。", "․", "\u00AD", "\u200D", "аpi", "{!$Credential.A}", "é", "%25eth0", " ", "\t", ".", "\n",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var entry = AllowedHost.Parse(reader.Text());
        if (entry.IsOk)
        {
            var again = AllowedHost.Parse(entry.Value.ToString());
            FuzzFailure.Unless(again.IsOk && again.Value == entry.Value, $"{entry.Value} reads as {(again.IsOk ? again.Value : again.Error)}");
            FuzzFailure.Unless(entry.Value.Host.All(c => c is > ' ' and <= '~' and not (>= 'A' and <= 'Z')), $"{entry.Value.Host} isn't normalised.");
        }

        var url = reader.RestText();
        if (UrlRules.Read(url, allowHttp: true, new InputErrors()) is not var (_, origin))
        {
            return;
        }

        FuzzFailure.Unless(origin.Scheme is "https" or "http" && origin.UserInfo.Length == 0 && origin.Host.Length > 0 && origin.AbsolutePath == "/", $"{origin} is no origin.");
        FuzzFailure.Unless(AllowedHost.Of(origin).Matches(origin), $"{origin} isn't its own host.");
        FuzzFailure.Unless(Encoding.UTF8.GetByteCount(url) < 20_000 && !FieldPlaces.Remove(url).Any(char.IsControl), "A control character, or too long.");
        if (entry.IsOk && entry.Value.Matches(origin))
        {
            var host = AllowedHost.Of(origin).Host;
            FuzzFailure.Unless(entry.Value.IsWildcard ? host.EndsWith("." + entry.Value.Host, StringComparison.Ordinal) : host == entry.Value.Host, $"{entry.Value} lets {origin} pass.");
        }
    }
}
