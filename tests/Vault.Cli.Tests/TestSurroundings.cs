using Vault.Cli.Terminals;

namespace Vault.Cli.Tests;

/// <summary>A machine where nobody can be asked, and nothing is set.</summary>
internal static class TestSurroundings
{
    public static Surroundings In(string directory, TextWriter? error = null, TextWriter? output = null) => new()
    {
        Output = output ?? TextWriter.Null,
        Error = error ?? TextWriter.Null,
        OpenOutput = () => Stream.Null,
        OpenInput = () => Stream.Null,
        CanAsk = false,
        AskSecret = _ => null,
        Confirm = _ => false,
        Console = Surroundings.ConsoleOf(output ?? TextWriter.Null, isPlain: true),
        Variable = _ => null,
        ConfigDirectory = directory,
        WorkingDirectory = directory,
        Time = TimeProvider.System,
    };
}
