using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Commands;

/// <summary>What can't stand in a request is told before anything is sent.</summary>
public sealed class RequestOptionsTests
{
    [Theory]
    [InlineData("The value of the header A must be ASCII", "-H", "A: b\r\nX-Inj: 1")]
    [InlineData("The value of the header A must be ASCII", "-H", "A: b\n")]
    [InlineData("The value of the header A must be ASCII", "-H", "A: b\0")]
    [InlineData("The value of the header A must be ASCII", "-H", "A: ü")]
    [InlineData("A header looks like", "-H", "A\r\nX-Inj: 1")]
    [InlineData("A header looks like", "-H", "A b: 1")]
    [InlineData("A header looks like", "-H", "Ä: 1")]
    [InlineData("A header looks like", "-H", ": 1")]
    [InlineData("A header looks like", "-H", "A")]
    [InlineData("Content-Length is set here", "-H", "Content-Length: 5")]
    [InlineData("transfer-encoding is set here", "-H", "transfer-encoding: chunked")]
    [InlineData("A method looks like", "-X", "G T")]
    [InlineData("A method looks like", "-X", "PÖST")]
    [InlineData("A method looks like", "-X", "GET / HTTP/1.1\r\nX-Inj: 1")]
    [InlineData("A method looks like", "-X", "connect")]
    [InlineData("--request is empty", "-X", "")]
    [InlineData("--principal is sent as a header", "-p", "a\r\nX-Inj: 1")]
    [InlineData("--user is sent as a header", "-u", "a\r\nX-Inj: 1")]
    [InlineData("--user is sent as a header", "-u", "ü")]
    [InlineData("--user is sent as a header", "-u", " ann")]
    public async Task Call_WhatCantBeSent_IsASentence_AndNothingIs(string sentence, params string[] options)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var run = new CommandRun(key: "vk_key");
        run.Variables["VAULT_URL"] = upstream.Url;

        var result = await run.ExpectAsync(ExitCodes.Usage, ["call", "Service", .. options]);

        Assert.StartsWith("vault: " + sentence, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
        Assert.Empty(upstream.Requests);
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("test")]
    [InlineData("preview")]
    public async Task Trial_OfABodyThatIsNoText_IsASentence_AndNothingIsSent(string command)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var run = new CommandRun(key: "vk_key");
        run.Variables["VAULT_URL"] = upstream.Url;
        await File.WriteAllBytesAsync(Path.Combine(run.Directory, "bin.dat"), [0x61, 0xff, 0xfe, 0x00]);

        var result = await run.ExpectAsync(ExitCodes.Usage, command, "Service", "-d", "@bin.dat");

        Assert.StartsWith("vault: The body isn't UTF-8", result.Error, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }
}
