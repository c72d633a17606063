using System.Globalization;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>
/// URLs that mean one thing to whoever checks them and another to whoever follows them (the tables of Orange Tsai, of
/// PayloadsAllTheThings, of cujanovic/SSRF-Testing and of the WHATWG URL tests), against a running vault that may not reach
/// loopback: each is refused when it is saved, or when it is called, and nobody is ever connected to. {p}: the listener's port.
/// </summary>
public sealed class EgressUrlTests(ClosedEgressBench bench) : IClassFixture<ClosedEgressBench>
{
    private static readonly string[] RefusedWhenSaved =
    [
        // User info, and what passes for it.
        "http://good.example@127.0.0.1:{p}/", "http://127.0.0.1:{p}@good.example/", "http://user:pass@127.0.0.1:{p}/", "http://good.example%40127.0.0.1:{p}/",
        "http://good.example:80@127.0.0.1:{p}/", "http://good.example%2f@127.0.0.1:{p}/", "http://good.example%23@127.0.0.1:{p}/", "http://@127.0.0.1:{p}/", "http://:@127.0.0.1:{p}/",
        "http://good.example%0a@127.0.0.1:{p}/", "http://a:b@c:d@127.0.0.1:{p}/", "http://foo@127.0.0.1:{p}@good.example/", "http://foo@127.0.0.1:{p} @good.example/",
        "http://1.1.1.1 &@127.0.0.1:{p}# @3.3.3.3/", "http://1.1.1.1&@127.0.0.1:{p}#@3.3.3.3/", "http://127.1.1.1:80:@@127.0.0.1:{p}/", "http://good.example\u0000@127.0.0.1:{p}/",

        // Backslashes.
        "http://good.example\\@127.0.0.1:{p}/", "http://127.1.1.1:80\\@127.0.0.1:{p}/", "http://127.1.1.1:80:\\@@127.0.0.1:{p}/", "http://127.0.0.1:{p}\\@good.example/",
        "http:\\\\127.0.0.1:{p}\\", "http:/\\127.0.0.1:{p}/", "http:\\/127.0.0.1:{p}/", "\\\\127.0.0.1:{p}\\share", "http://127.0.0.1:{p}\\", "http://good.example/\\127.0.0.1", "http://good.example\\.evil.example/",

        // Fragments.
        "http://good.example#@127.0.0.1:{p}/", "http://127.1.1.1:80#\\@127.0.0.1:{p}/", "http://127.0.0.1:{p}#.good.example/", "http://127.0.0.1:{p}/#good.example", "http://127.0.0.1:{p}/?x#y", "http://#127.0.0.1:{p}",

        // Slashes.
        "http:127.0.0.1:{p}/", "http:/127.0.0.1:{p}/", "http:///127.0.0.1:{p}/", "http:////127.0.0.1:{p}/", "//127.0.0.1:{p}/", "///127.0.0.1/", "/127.0.0.1", "127.0.0.1:{p}", "localhost:{p}", "http://", "http:///", "http://?x", "https:", "", " ",

        // White space and control characters.
        " http://127.0.0.1:{p}/", "http://127.0.0.1:{p}/ ", "\thttp://127.0.0.1:{p}/", "ht\ntp://127.0.0.1:{p}/", "http://127.0.0.1\t:{p}/", "http://127.0\n.0.1:{p}/", "http://127.0.0.1:{p}/\r\nX-Evil: 1",
        "http://good.example\r\nHost: 127.0.0.1/", "http://127.0.0.1\u0000.good.example/", "http://127.0.0.1\u00a0:{p}/", "http://127.0.0.1\u3000:{p}/", "http://\u2028127.0.0.1:{p}/", "http://127.0.0.1:{p}/\u0085", "http://127.0.0.1:{p}/a b", "http://127.0.0.1:{p}/\u007f",
        "http://127.0.0.1\u000b:{p}/", "\u0001http://127.0.0.1:{p}/", "\ufeffhttp://127.0.0.1:{p}/",

        // Percent-encoding in the host.
        "http://%31%32%37.0.0.1:{p}/", "http://%6c%6f%63%61%6c%68%6f%73%74:{p}/", "http://127.0.0.1%00.good.example/", "http://127.0.0.1%2f.good.example/", "http://127%2e0%2e0%2e1:{p}/", "http://good.example%5c127.0.0.1/", "http://%E2%91%A0%E2%91%A1%E2%91%A6.0.0.1/", "http://%ef%bc%85%ef%bc%94%ef%bc%91.com/", "http://%zz/",

        // IPv6: zones, and what is no address.
        "http://[fe80::1%25eth0]:{p}/", "http://[fe80::1%eth0]:{p}/", "http://[::1%25lo]:{p}/", "http://[::1%]:{p}/", "http://[::1]good.example/", "http://[::1]@127.0.0.1/", "http://[::1", "http://::1]:{p}/", "http://[127.0.0.1]:{p}/", "http://[:::1]/",
        "http://[1:2:3:4:5:6:7:8:9]/", "http://[::127.0.0.256]/", "http://[v1.x]/", "http://[]/", "http://[google.com]/", "http://[::1.2.3]/", "http://[::ffff:127.0.0.1]:{p}:80/",

        // Schemes.
        "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "ftp://127.0.0.1:{p}/", "gopher://127.0.0.1:{p}/_GET", "dict://127.0.0.1:{p}/", "ldap://127.0.0.1:{p}/", "tftp://127.0.0.1:{p}/x", "sftp://127.0.0.1:{p}/", "jar:http://127.0.0.1:{p}!/", "netdoc:///etc/passwd",
        "ws://127.0.0.1:{p}/", "wss://127.0.0.1:{p}/", "unix:/var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "http://unix:/var/run/docker.sock:/x", "data:text/plain,x", "javascript:alert(1)", "phar://x", "view-source:http://127.0.0.1:{p}/", "about:blank", "mailto:a@good.example", "urn:x:y",
        "httpx://127.0.0.1:{p}/", "h\u0442tp://127.0.0.1:{p}/", "url:http://127.0.0.1:{p}/", "https+http://127.0.0.1/", "blob:http://127.0.0.1/x",

        // Ports.
        "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:99999999999/", "http://127.0.0.1:-1/", "http://127.0.0.1:+80/", "http://127.0.0.1: 80/", "http://127.0.0.1:80a/", "http://127.0.0.1:/", "http://127.0.0.1:0x50/", "http://127.0.0.1:80:80/", "http://127.0.0.1:\u0668\u0660/", "http://127.0.0.1:80.0/",

        // Dots, stars, and what isn't a host at all.
        "http://./", "http://../", "http://.good.example/", "http://good..example/", "http://good.example../", "http://*.good.example/", "http://*/", "http://good.example,127.0.0.1/", "http://good.example;127.0.0.1/", "http://good.example&127.0.0.1/", "http://good.example$127.0.0.1/",
        "http://good.example^/", "http://good.example|127.0.0.1/", "http://`id`.good.example/", "http://\"127.0.0.1\"/", "http://'127.0.0.1'/", "http://<127.0.0.1>/", "http://{127.0.0.1}/", "http://127.0.0.1=good.example/", "http://good.example(127.0.0.1)/", "http://good.example+127.0.0.1/",

        // What ends in a number and is no address.
        "http://0\u00b2.1/", "http://425.510.425.510/", "http://256.256.256.256/", "http://7147006462/", "http://0x1017f000001:{p}/", "http://127.0.0.1.1:{p}/", "http://127.0.0.08:{p}/", "http://good.example.1/", "http://good.example.0x7f/", "http://1.2.3.4.5/",

        // Unicode that becomes syntax.
        "http://good.example\uff0fevil.example/", "http://evil.c\u2100.good.example/", "http://good.example\uff03@127.0.0.1/", "http://good.example\ufe56.evil.example/", "http://good.example\uff1a80/", "http://good.example\uff20127.0.0.1/", "http://good\uff0e\uff0eexample/", "http://127.0.0.1\u2044.good.example\uff1f/",
        "http://\ud800.example/",

        // Paths that climb, and merge fields where they may not be.
        "http://good.example/../", "http://good.example/%2e%2e/x", "http://good.example/a/..%2fb", "http://good.example/a/..;/b", "http://good.example/%252e%252e/", "http://good.example/%00", "http://good.example/%", "http://good.example/é", "http://good.example/.",
        "http://{!$Credential.Token}/", "http://{!$Credential.Token}.good.example/", "http://127.0.0.1:{!$Credential.Token}/", "{!$Credential.Token}", "http://a{!$Credential.Token}@b/", "http://<!$Credential.Token>/",
    ];

    private static readonly string[] DeniedWhenCalled =
    [
        // Loopback and its spellings.
        "http://127.0.0.1:{p}/", "http://127.0.0.1:{p}", "HTTP://127.0.0.1:{p}/", "http://127.1:{p}/", "http://127.0.1:{p}/", "http://2130706433:{p}/", "http://0x7f000001:{p}/", "http://0x7f.0x0.0x0.0x1:{p}/", "http://0x7F.1:{p}/", "http://0177.0.0.1:{p}/", "http://017700000001:{p}/", "http://0177.1:{p}/",
        "http://0177.0x0.0.1:{p}/", "http://127.127.127.127:{p}/", "http://127.0.1.3:{p}/", "http://127.255.255.254:{p}/", "http://0:{p}/", "http://0.0.0.0:{p}/", "http://0x0:{p}/", "http://00:{p}/", "http://0.0:{p}/", "http://127.0.0.1.:{p}/", "http://127.0.0.1:{p}/?@good.example/", "http://127.0.0.1:{p}/good.example",
        "http://127.0.0.1:{p}/@good.example", "http://127.0.0.1:{p}/http://good.example/", "http://127.0.0.1:22/", "http://127.0.0.1:25/", "http://127.0.0.1:6379/", "http://127.0.0.1:11211/",

        // IPv6 and its embeddings.
        "http://[::1]:{p}/", "http://[0:0:0:0:0:0:0:1]:{p}/", "http://[0000::1]:{p}/", "http://[::]:{p}/", "http://[::ffff:127.0.0.1]:{p}/", "http://[::ffff:7f00:1]:{p}/", "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/", "http://[0:0:0:0:0:ffff:10.0.0.1]:{p}/", "http://[::127.0.0.1]:{p}/", "http://[::7f00:1]:{p}/",
        "http://[64:ff9b::7f00:1]:{p}/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::a9fe:a9fe]/", "http://[2002:7f00:1::]:{p}/", "http://[2002:a9fe:a9fe::]/", "http://[2001::5601:5601]/", "http://[2a00:1450::5efe:127.0.0.1]:{p}/", "http://[fe80::1]:{p}/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[::2]/", "http://[fd00::a9fe:a9fe]/",

        // Private and special.
        "http://10.0.0.1/", "http://0xa000001/", "http://012.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://3232235777/", "http://0300.0250.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/", "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://4294967295/",
        "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[5f00::1]/", "http://[100::1]/", "http://[fc00::1]/",

        // Metadata services: the networks around them are open here.
        "http://169.254.169.254/", "http://169.254.169.254/latest/meta-data/iam/security-credentials/", "http://2852039166/", "http://0xa9fea9fe/", "http://0xA9.0xFE.0xA9.0xFE/", "http://0251.0376.0251.0376/", "http://169.16689662/", "http://[::ffff:a9fe:a9fe]/", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://[fd20:ce::254]/",
        "http://169.254.170.2/v2/credentials/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/", "http://metadata.google.internal/computeMetadata/v1/", "http://metadata/", "http://instance-data/", "http://169.254.169.254.nip.io/", "http://METADATA.google.internal./",

        // Names that lead inside.
        "http://localhost:{p}/", "http://LOCALHOST:{p}/", "http://LocalHost.:{p}/", "http://lo\u00adcalhost:{p}/", "http://localtest.me:{p}/", "http://127.0.0.1.nip.io:{p}/", "http://customer1.app.localhost.my.company.127.0.0.1.nip.io:{p}/", "http://mixed.example:{p}/", "http://mapped.example:{p}/",
    ];

    // Either: it depends on the platform's tables of Unicode, and on what it takes for a number.
    private static readonly string[] Guarded =
    [
        "http://127\u30020\u30020\u30021:{p}/", "http://127\uff0e0\uff0e0\uff0e1:{p}/", "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{p}/", "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{p}/", "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{p}/", "http://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54:{p}/",
        "http://\u2460\u2461\u2466\u3002\u24ea\uff0e\u24ea\uff61\u2460:{p}/", "http://l\u043ecalhost:{p}/", "http://local\u200dhost:{p}/", "http://127.0.0:{p}/", "http://127.0.0.0x:{p}/", "http://0x.0x.0:{p}/", "http://1e2/",
        "http://127.000.000.001:{p}/", "http://00000000177.0.0.1:{p}/", "http://[::1]:{p}", "http://_good.example:{p}/", "http://-good.example:{p}/", "http://xn--/", "http://xn--a-ecp.ru/", "http://xn--0.pt/", "http://\u00df.example/", "http://a\u200cb.example/", "http://good.example\u00ad/", "http://" + "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.example/",
        "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/", "http://\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9.example/",
        "http://\u0660.\u0660.\u0660.\u0661/", "http://\ud835\udfcf\ud835\udfd0\ud835\udfd5.0.0.1:{p}/", "http://good.example:00080/", "http://good.example:080/", "http://%00/", "http://nowhere.example/", "https://127.0.0.1:{p}/", "https://localhost:{p}/",
    ];

    [Fact]
    public async Task Urls_ThatCouldBeReadInTwoWays_AreRefusedWhenSaved()
    {
        List<string> failures = [];
        foreach (var url in Urls(RefusedWhenSaved))
        {
            var saved = await bench.SaveAsync(url);
            if (saved is not { Status: 400 or 422, Code: "invalid-request" or "host-not-allowed" })
            {
                failures.Add($"{Show(url)} was answered {saved.Status} {saved.Code}");
            }
        }

        Assert.Empty(failures);
        Assert.Equal(0, bench.Upstream.Connections);
    }

    [Fact]
    public async Task Urls_ThatLeadInside_AreDenied_AndNothingIsSent()
    {
        foreach (var (name, answer) in new[]
        {
            ("metadata.google.internal", "169.254.169.254"), ("metadata", "169.254.169.254"), ("instance-data", "169.254.169.254"), ("169.254.169.254.nip.io", "169.254.169.254"),
            ("localtest.me", "127.0.0.1"), ("127.0.0.1.nip.io", "127.0.0.1"), ("customer1.app.localhost.my.company.127.0.0.1.nip.io", "127.0.0.1"),
            ("mixed.example", "93.184.216.34,127.0.0.1"), ("mapped.example", "::ffff:127.0.0.1"),
        })
        {
            bench.Resolver.Set(name, answer);
        }

        List<string> failures = [];
        foreach (var url in Urls(DeniedWhenCalled))
        {
            var saved = await bench.SaveAsync(url);
            var called = saved.Code is null ? await bench.CallAsync(saved.Name) : null;
            if (called is not { Status: 403, Code: "egress-denied" })
            {
                failures.Add($"{Show(url)} was answered {saved.Status} {saved.Code}, then {called?.Status} {called?.Code}");
            }
        }

        Assert.Empty(failures);
        Assert.Equal(0, bench.Upstream.Connections);
    }

    [Fact]
    public async Task Urls_OfTheOtherTables_ReachNobody()
    {
        List<string> failures = [];
        foreach (var url in Urls(Guarded))
        {
            var saved = await bench.SaveAsync(url);
            var called = saved.Code is null ? await bench.CallAsync(saved.Name) : null;
            if (saved is not { Status: 400 or 422 } && called is not { Status: 403 or 502, Code: "egress-denied" or "upstream-unreachable" })
            {
                failures.Add($"{Show(url)} was answered {saved.Status} {saved.Code}, then {called?.Status} {called?.Code}");
            }
        }

        Assert.Empty(failures);
        Assert.Equal(0, bench.Upstream.Connections);
    }

    [Fact]
    public async Task Urls_OfTheSettings_AreJudgedInTheSameWay()
    {
        List<string> failures = [];
        foreach (var url in Urls(RefusedWhenSaved).Where(url => url.Length > 0 && url[0] != '/'))
        {
            foreach (var authentication in new System.Text.Json.Nodes.JsonObject[]
            {
                new() { ["protocol"] = "oauth2", ["grant"] = "clientCredentials", ["tokenUrl"] = url },
                new() { ["protocol"] = "oauth2", ["grant"] = "clientCredentials", ["issuer"] = url },
                new() { ["protocol"] = "awsSigV4", ["region"] = "r", ["service"] = "s", ["roleArn"] = "arn:aws:iam::1:role/r", ["stsUrl"] = url },
                new() { ["protocol"] = "login", ["steps"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["request"] = new System.Text.Json.Nodes.JsonObject { ["url"] = url }, ["extract"] = new System.Text.Json.Nodes.JsonObject { ["t"] = "body" } }), ["apply"] = new System.Text.Json.Nodes.JsonObject() },
            })
            {
                // What is only a path that climbs, or a character to be escaped, is a matter of the whole URL: see PathConfinement and StepUrl.
                var isOrigin = !url.StartsWith("http://good.example/", StringComparison.Ordinal) && !url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal);
                var name = bench.NewName();
                var saved = await bench.PostAsync("/api/v1/external-credentials", new System.Text.Json.Nodes.JsonObject { ["name"] = name, ["authentication"] = authentication.DeepClone(), ["allowedHosts"] = new System.Text.Json.Nodes.JsonArray("good.example", "http://good.example") }, name);
                if (isOrigin && saved is not { Status: 400 or 422 })
                {
                    failures.Add($"{authentication["protocol"]} {Show(url)} was answered {saved.Status} {saved.Code}");
                }
            }
        }

        Assert.Empty(failures);
        Assert.Equal(0, bench.Upstream.Connections);
    }

    private IEnumerable<string> Urls(string[] urls) => urls.Select(url => url.Replace("{p}", bench.Upstream.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    private static string Show(string url) => System.Text.Json.JsonSerializer.Serialize(url);
}
