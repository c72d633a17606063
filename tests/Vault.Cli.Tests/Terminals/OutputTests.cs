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

        Assert.Equal((ExitCodes.Failure, "vault: Standard output can't be written, or not all of it; look whether its disk is full.\n"), (process.ExitCode, error));
    }
}
