using System.Diagnostics;
using System.Text.Json.Nodes;
using Spectre.Console;
using Vault.Cli.Terminals;
using Xunit;

namespace Vault.Cli.Tests.Terminals;

/// <summary>Where nobody looks: lines as long as they are, and what can't be written is told.</summary>
public sealed class OutputTests(VaultFixture fixture) : IClassFixture<VaultFixture>
{
    [Fact]
    public async Task Console_WhereNobodyLooks_BreaksNoLine()
    {
        using var output = new StringWriter();
        var surroundings = TestSurroundings.In("/", output: output);
        var words = string.Join(' ', Enumerable.Repeat("abcdefghi", 2_000));

        surroundings.Console.WriteLine(words);
        await TableText.WriteAsync(surroundings, [new JsonObject { ["a"] = words, ["b"] = words }], false, Column.Of("A", "a"), Column.Of("B", "b"));

        var lines = output.ToString().Split('\n').Select(line => line.Trim()).ToArray();
        Assert.Equal(words, lines[0]);
        Assert.Single(lines, line => line.StartsWith(words, StringComparison.Ordinal) && line.EndsWith(words, StringComparison.Ordinal) && line.Length > 2 * words.Length);
    }

    [Theory]
    [InlineData("schema")]
    [InlineData("export")]
    [InlineData("list apps --json")]
    [InlineData("audit export")]
    [InlineData("audit tail")]
    public async Task Command_WhoseOutputCantBeWritten_SaysSo(string command)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var run = new CommandRun(fixture.Vault);
        var start = new ProcessStartInfo("bash", ["-c", $"exec dotnet \"$0\" {command} > /dev/full", typeof(VaultCommandLine).Assembly.Location]) { RedirectStandardError = true };
        foreach (var (name, value) in run.Variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal((ExitCodes.Failure, "vault: Standard output can't be written, or not all of it; look whether its disk is full, or its reader gone.\n"), (process.ExitCode, error));
    }

    [Fact]
    public async Task WhatFollowsTheAudit_Ends_WhereItsReaderIsGone()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var run = new CommandRun(fixture.Vault);
        var start = new ProcessStartInfo("bash", ["-c", "dotnet \"$0\" audit tail --follow | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}", typeof(VaultCommandLine).Assembly.Location]) { RedirectStandardError = true };
        foreach (var (name, value) in run.Variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var end = process.WaitForExitAsync(limit.Token);
        while (!end.IsCompleted)
        {
            // It learns that nobody reads when there is something to write.
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify");
            await Task.WhenAny(end, Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token));
        }

        await end;
        Assert.Equal(ExitCodes.Failure, process.ExitCode);
        Assert.Contains("its reader gone", await process.StandardError.ReadToEndAsync(limit.Token), StringComparison.Ordinal);
    }
}
