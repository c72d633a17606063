using System.IO.Compression;
using System.Text;
using Xunit;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>Files that are wrong, on purpose or not: a sentence with the place, never a stack trace, and the rest goes on.</summary>
public sealed class HostileFilesTests
{
    private const string Good =
        """<NamedCredential xmlns="http://soap.sforce.com/2006/04/metadata"><endpoint>https://good.example</endpoint><label>Good</label><protocol>NoAuthentication</protocol></NamedCredential>""";

    public static TheoryData<string, string> Wrong => new()
    {
        { "<!DOCTYPE NamedCredential [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><NamedCredential><label>&x;</label></NamedCredential>", ":1:" },
        { "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><NamedCredential>&b;</NamedCredential>", "has a DTD" },
        { "<NamedCredential>\n  <label>Broken</lable>\n</NamedCredential>", ":2:18: file: The file isn't well-formed XML from here on." },
        { "<NamedCredential>\n  <label>Cut off", "isn't well-formed" },
        { "", ":1:1: file: The file is empty." },
        { "   \n\n", ":1:1: file: The file is empty." },
        { "not xml at all", ":1:1: file: The file isn't well-formed XML" },
        { "<ExternalCredential/>", "Its root element is <ExternalCredential>, which isn't what its name says." },
        { string.Concat(Enumerable.Repeat("<a>", 5_000)) + string.Concat(Enumerable.Repeat("</a>", 5_000)), "Elements stand more than 12 deep" },
        { "<NamedCredential/>", ": It has no <protocol>." },
        { "<NamedCredential><protocol>Kerberos\u001b[31m</protocol></NamedCredential>", "isn't well-formed" },
        { "<NamedCredential><endpoint>https://x.example</endpoint><protocol>Kerberos</protocol></NamedCredential>", "The protocol Kerberos has no equivalent" },
        { "<NamedCredential><namedCredentialType>Hovering</namedCredentialType></NamedCredential>", "no named credentials of the type Hovering" },
        { "<NamedCredential><endpoint>https://user:geheim@x.example</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "a user name or a password in the URL" },
        { "<NamedCredential><endpoint>https://x.example/a/../b</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "Its path has a segment" },
        { "<NamedCredential><endpoint>https://x.example/a%2e%2e/%252e%252e/b</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "Its path has a segment" },
        { "<NamedCredential><endpoint>ftp://x.example</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "no absolute URL" },
        { "<NamedCredential><endpoint>https://x.example/#part</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "a fragment never reaches a service" },
        { "<NamedCredential><endpoint>https://x.example/{!$Credential.Key}</endpoint><protocol>NoAuthentication</protocol></NamedCredential>", "no absolute URL" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Import_AWrongFileBesideAGoodOne_IsReportedAndTheGoodOneComesOver(string text, string sentence)
    {
        using var run = new ImportRun();
        run.Write("app/Bad.namedCredential-meta.xml", text);
        run.Write("app/Good.namedCredential-meta.xml", Good);

        await run.RunAsync("app");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("Bad.namedCredential-meta.xml:", run.Output, StringComparison.Ordinal);
        Assert.Contains(sentence, run.Output, StringComparison.Ordinal);
        Assert.Contains("1 named credential and 1 external credential imported", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", run.Output + run.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8", "latin1", false)]
    [InlineData("utf-16", "utf-16", true)]
    [InlineData("x-klingon", "utf-8", false)]
    [InlineData("iso-8859-1", "latin1", true)]
    [InlineData("windows-1252", "latin1", true)]
    public async Task Import_AnEncoding_IsReadOrReported(string declared, string actual, bool isRead)
    {
        using var run = new ImportRun();
        var encoding = Encoding.GetEncoding(actual);
        var text = $"""<?xml version="1.0" encoding="{declared}"?>""" + Good.Replace("<label>Good", "<label>Größe", StringComparison.Ordinal);
        run.Write("Good.namedCredential", [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);

        await run.RunAsync("Good.namedCredential");

        Assert.Equal(isRead ? 0 : 1, run.ExitCode);
        Assert.Contains(isRead ? "Größe" : "encoding", isRead ? run.Yaml : run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AZipBomb_EndsInASentence()
    {
        using var run = new ImportRun();
        using (var zip = ZipFile.Open(Path.Combine(run.Directory, "bomb.zip"), ZipArchiveMode.Create))
        {
            using (var entry = zip.CreateEntry("namedCredentials/Bomb.namedCredential").Open())
            {
                var spaces = new byte[1024 * 1024];
                Array.Fill(spaces, (byte)' ');
                for (var mebibyte = 0; mebibyte < 40; mebibyte++)
                {
                    entry.Write(spaces);
                }
            }

            using var good = zip.CreateEntry("../../outside/Good.namedCredential").Open();
            good.Write(Encoding.UTF8.GetBytes(Good));
        }

        await run.RunAsync("bomb.zip");

        Assert.Contains("Bomb.namedCredential:1:1: file: The file is over 16 MiB; it isn't read.", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 named credential and 1 external credential imported", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere", 2, "There is no file and no directory at")]
    [InlineData("empty", 1, "There is nothing that could be imported")]
    [InlineData("damaged.zip", 2, "a damaged or an encrypted zip")]
    [InlineData("letter.xml", 2, "its root element is <letter>")]
    public async Task Import_NothingToImport_SaysSo(string path, int exitCode, string sentence)
    {
        using var run = new ImportRun();
        Directory.CreateDirectory(Path.Combine(run.Directory, "empty"));
        run.Write("damaged.zip", [(byte)'P', (byte)'K', 3, 4, 0, 0, 0, 0, 1, 2, 3]);
        run.Write("letter.xml", "<letter/>");

        await run.RunAsync(path);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(run.Directory, "vault.yaml")));
    }

    [Fact]
    public async Task Import_OverAFileThatIsThere_NeedsForce()
    {
        using var run = new ImportRun();
        run.Write("Good.namedCredential", Good);
        run.Write("vault.yaml", "mine");

        await run.RunAsync("Good.namedCredential");

        Assert.Equal((2, "mine"), (run.ExitCode, run.Yaml));
        await run.RunAsync("Good.namedCredential", "--force");
        Assert.Contains("name: Good", run.Yaml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ALinkThatLeadsInCircles_IsNotFollowed()
    {
        using var run = new ImportRun();
        run.Write("app/Good.namedCredential", Good);
        Directory.CreateSymbolicLink(Path.Combine(run.Directory, "app", "again"), Path.Combine(run.Directory, "app"));

        await run.RunAsync("app");

        Assert.Contains("1 named credential and 1 external credential imported, 0 things not imported", run.Output, StringComparison.Ordinal);
        Assert.Contains("again:1:1: link: Links aren't followed", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AFileThatCantBeRead_IsReportedAndTheRestComesOver()
    {
        using var run = new ImportRun();
        run.Write("app/Good.namedCredential", Good);
        run.Write("app/Held.namedCredential", Good);
        run.Write("elsewhere/Linked.namedCredential", Good);
        File.CreateSymbolicLink(Path.Combine(run.Directory, "app", "Linked.namedCredential"), Path.Combine(run.Directory, "elsewhere", "Linked.namedCredential"));
        using (new FileStream(Path.Combine(run.Directory, "app", "Held.namedCredential"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            await run.RunAsync("app");
        }

        Assert.Contains("1 named credential and 1 external credential imported, 2 things not imported", run.Output, StringComparison.Ordinal);
        Assert.Contains("Held.namedCredential:1:1: file: The file can't be read.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Linked.namedCredential:1:1: file: It is a link, and links aren't followed", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_APipeAmongTheFiles_IsNotWaitedFor()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var run = new ImportRun();
        run.Write("app/Good.namedCredential", Good);
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(run.Directory, "app", "Pipe.namedCredential-meta.xml")]))
        {
            await mkfifo.WaitForExitAsync();
        }

        await run.RunAsync("app").WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Contains("It is no regular file; it isn't read.", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 named credential and 1 external credential imported", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_TheSameNameTwice_TakesOneAndSaysWhich()
    {
        using var run = new ImportRun();
        run.Write("app/a/Good.namedCredential", Good);
        run.Write("app/b/Good.namedCredential", Good);
        run.Write("app/c/GOOD.namedCredential", Good.Replace("good.example", "other.example", StringComparison.Ordinal));

        await run.RunAsync("app");

        Assert.Contains("b/Good.namedCredential:1:1: NamedCredential: It is the same as a/Good.namedCredential.", run.Output, StringComparison.Ordinal);
        Assert.Contains("c/GOOD.namedCredential:1:1: NamedCredential: a/Good.namedCredential defines GOOD, too, and differently; that one was taken.", run.Output, StringComparison.Ordinal);
        Assert.Contains("https://good.example", run.Yaml, StringComparison.Ordinal);
    }
}
