using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Commands;

public sealed class ConnectionTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    [Fact]
    public async Task Login_KeepsTheKey_ForItsOwnerAndThatVaultAlone()
    {
        using var run = new CommandRun(fixture.Vault, key: null);
        var url = run.Variables["VAULT_URL"];
        run.Variables.Clear();
        run.Secrets.Enqueue(VaultFactory.AdminKey);

        await run.ExpectAsync(ExitCodes.Success, "login", url);
        await run.ExpectAsync(ExitCodes.Success, "list", "apps");

        var file = Path.Combine(run.Directory, "config", "vault", "login.json");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
        }

        // Another address doesn't get it.
        await using var upstream = await RecordingUpstream.StartAsync();
        run.Variables["VAULT_URL"] = upstream.Url;
        Assert.Contains("vault login", (await run.ExpectAsync(ExitCodes.NotAllowed, "list", "apps")).Error, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
        run.Variables.Clear();

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            Assert.Contains("chmod 600", (await run.ExpectAsync(ExitCodes.Usage, "list", "apps")).Error, StringComparison.Ordinal);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await run.ExpectAsync(ExitCodes.Success, "logout");
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Logout_WhereNobodyLoggedIn_SaysSo()
    {
        using var run = new CommandRun(key: null);

        Assert.Equal("There was no login.\n", (await run.ExpectAsync(ExitCodes.Success, "logout")).Error.ReplaceLineEndings("\n"));
        Directory.CreateDirectory(Path.Combine(run.Directory, "config", "vault"));
        Assert.Equal("There was no login.\n", (await run.ExpectAsync(ExitCodes.Success, "logout")).Error.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Login_WithAWrongKey_KeepsNothing()
    {
        using var run = new CommandRun(fixture.Vault, key: null);
        run.Input = "vk_unknown0_0123456789abcdef0123456789abcdef01234567890\n";

        var refused = await run.ExpectAsync(ExitCodes.NotAllowed, "login");

        Assert.Contains("it is wrong, has expired or was deleted", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("vk_unknown0", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run.Directory, "config", "vault")));
    }

    [Theory]
    [InlineData("VAULT_APP_KEY", "Set VAULT_APP_KEY to another; `vault app-key create <app>` makes one.", "call", "Nothing")]
    [InlineData("VAULT_KEY", "Set VAULT_APP_KEY to another; `vault app-key create <app>` makes one.", "call", "Nothing")]
    [InlineData("VAULT_KEY", "Run `vault login`, or set VAULT_KEY to another.", "list", "apps")]
    public async Task AKeyThatIsntTaken_IsToBeReplacedWhereItIsLookedFor(string variable, string next, params string[] args)
    {
        using var run = new CommandRun(fixture.Vault, key: null);
        run.Variables[variable] = "vk_unknown0_0123456789abcdef0123456789abcdef01234567890";

        var refused = await run.ExpectAsync(ExitCodes.NotAllowed, args);

        Assert.EndsWith("it is wrong, has expired or was deleted. " + next, refused.Error.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vault credential set --help", "credential", "set", "X", "Password", "the-secret")]
    [InlineData("vault credential set --help", "credential", "set", "X", "Password", "--value", "the-secret")]
    [InlineData("vault credential set --help", "credential", "set", "X", "Password", "--value=the-secret")]
    [InlineData("vault credential set --help", "credential", "set", "X", "Password=the-secret")]
    [InlineData("vault login --help", "login", "http://localhost:1", "the-secret")]
    public async Task ASecretAmongTheArguments_IsntRepeated(string help, params string[] args)
    {
        using var run = new CommandRun();

        var error = (await run.ExpectAsync(ExitCodes.Usage, args)).Error;

        Assert.DoesNotContain("the-secret", error, StringComparison.Ordinal);
        Assert.Contains("it is asked for, or piped in. See: " + help, error, StringComparison.Ordinal);
        Assert.Empty(run.Questions);
    }

    [Theory]
    [InlineData("http://localhost:1", ExitCodes.Unreachable, "nobody listens there")]
    [InlineData("https://no-such-host.invalid", ExitCodes.Unreachable, "no such host")]
    [InlineData("vault.example", ExitCodes.Usage, "is not the address of a vault")]
    [InlineData("http://vault.example", ExitCodes.Usage, "in clear text")]
    public async Task AVaultThatIsntThere_IsASentence(string url, int exitCode, string message)
    {
        using var run = new CommandRun();
        run.Variables["VAULT_URL"] = url;

        var result = await run.ExpectAsync(exitCode, "list", "apps");

        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task WhatIsNoVault_IsASentence()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var run = new CommandRun();
        run.Variables["VAULT_URL"] = upstream.Url;

        Assert.Contains("is no vault", (await run.ExpectAsync(ExitCodes.Unreachable, "list", "apps")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "items": [], "nextPageToken": null }""", 200)]
    [InlineData("""{ "code": "unauthenticated" }""", 401)]
    public async Task WhatIsNoVault_ButSpeaksJson_IsNoLogin(string json, int status)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        upstream.Answer = (context, _) =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
            return context.Response.WriteAsync(json);
        };
        using var run = new CommandRun(key: null);
        run.Input = VaultFactory.AdminKey + "\n";

        Assert.Contains("is no vault", (await run.ExpectAsync(ExitCodes.Unreachable, "login", upstream.Url)).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run.Directory, "config", "vault")));
    }

    [Fact]
    public async Task PlainHttp_AskedByTls_IsNotTakenForACertificate()
    {
        using var run = new CommandRun(fixture.Vault);
        run.Variables["VAULT_URL"] = run.Variables["VAULT_URL"].Replace("http://", "https://", StringComparison.Ordinal);

        var error = (await run.ExpectAsync(ExitCodes.Unreachable, "list", "apps")).Error;

        Assert.Contains("doesn't speak TLS there", error, StringComparison.Ordinal);
        Assert.DoesNotContain("certificate", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CertificateThatNobodyTrusts_IsSaidToBeOne()
    {
        using var certificate = TestCertificates.SelfSign("localhost");
        await using var upstream = await RecordingUpstream.StartAsync(https: new HttpsConnectionAdapterOptions { ServerCertificate = certificate });
        using var run = new CommandRun();
        run.Variables["VAULT_URL"] = $"https://localhost:{new Uri(upstream.Url).Port}";

        Assert.Contains("its certificate isn't trusted here", (await run.ExpectAsync(ExitCodes.Unreachable, "list", "apps")).Error, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task AMisspeltCommand_HasANearestOne_AndHelpAsksNoVault()
    {
        using var run = new CommandRun();
        run.Variables["VAULT_URL"] = "http://localhost:1";

        Assert.Equal("vault: There is no command aply. Did you mean apply? See: vault --help", (await run.ExpectAsync(ExitCodes.Usage, "aply")).Error.Trim());
        Assert.Contains("call <named-credential>  ", (await run.ExpectAsync(ExitCodes.Success, "--help")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" login  ", " call <named-credential>  ", " preview <named-credential>  ", " test <named-credential>  ", "show <kind> <name>  ", "--help")]
    [InlineData("remove <external-credential>  ", "set <external-credential> <parameter>  ", "credential", "--help")]
    [InlineData("openapi <path>  ", "import", "-h")]
    [InlineData("login [<url>] [options]", "The address of the vault", "<url>", "login", "--help")]
    [InlineData("remove <external-credential> [<parameter>] [options]", "credential", "remove", "--help")]
    [InlineData("call <named-credential> [<path>] [options]", "call", "--help")]
    public async Task Help_ShowsWhatIsOptional_AsSuch(params string[] all)
    {
        using var run = new CommandRun();
        var args = all.SkipWhile(one => one.Any(character => character is '<' or ' ')).ToArray();

        var help = (await run.ExpectAsync(ExitCodes.Success, args)).Output;

        Assert.All(all.SkipLast(args.Length), line => Assert.Contains(line, help, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatTheParserSaysInLines_IsOneSentence()
    {
        using var run = new CommandRun();
        Assert.Contains(" Must be one of: 'external-credentials' 'named-credentials' ", (await run.ExpectAsync(ExitCodes.Usage, "list", "aps")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lst", "apps")]
    [InlineData("list", "aps")]
    [InlineData("credential", "set", "X")]
    [InlineData("apply")]
    [InlineData("list", "grants")]
    [InlineData("backup")]
    [InlineData("apply", "-f", "")]
    [InlineData("apply", "-f", "vault.yaml", "--env=")]
    [InlineData("show", "apps", "")]
    [InlineData("show", "apps", ".")]
    [InlineData("list", "grants", "--app", "..")]
    [InlineData("list", "apps", "--search", "")]
    [InlineData("credential", "remove", "X", "")]
    [InlineData("credential", "show", "X", "--principal", "")]
    [InlineData("audit", "tail", "--actor", "")]
    [InlineData("import", "openapi", "")]
    [InlineData("login", "")]
    public async Task AWrongCommandLine_IsASentence_AndExitCode2(params string[] args)
    {
        using var run = new CommandRun(fixture.Vault);
        var result = await run.ExpectAsync(ExitCodes.Usage, args);
        Assert.StartsWith("vault: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
    }
}
