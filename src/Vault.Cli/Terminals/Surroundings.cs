using Spectre.Console;

namespace Vault.Cli.Terminals;

/// <summary>What a command may touch of the machine that it runs on; tests bring their own.</summary>
internal sealed class Surroundings
{
    /// <summary>What the command has to say.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>What went wrong, and what is only for people.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Bytes as they are: the body of an answer.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>What is piped in; a body or a secret.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether a person can be asked.</summary>
    public required bool CanAsk { get; init; }

    /// <summary>Asks a person for a secret, without echo; null where there was no answer.</summary>
    public required Func<string, string?> AskSecret { get; init; }

    /// <summary>Asks a person whether to go on.</summary>
    public required Func<string, bool> Confirm { get; init; }

    /// <summary>Tables, colours and progress; on <see cref="Output"/>.</summary>
    public required IAnsiConsole Console { get; init; }

    /// <summary>An environment variable; null where it isn't set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Where the user's settings are, as in <c>~/.config</c>.</summary>
    public required string ConfigDirectory { get; init; }

    /// <summary>Where relative paths begin.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Those of this process.</summary>
    public static Surroundings OfProcess() => OfProcess(StandardOutput.OpenText());

    private static Surroundings OfProcess(TextWriter output) => new()
    {
        Output = output,
        Error = System.Console.Error,
        OpenOutput = StandardOutput.Open,
        OpenInput = System.Console.OpenStandardInput,
        CanAsk = !System.Console.IsInputRedirected,
        AskSecret = SecretPrompt.Ask,
        Confirm = Confirmed,
        Console = ConsoleOf(output, System.Console.IsOutputRedirected),
        Variable = Environment.GetEnvironmentVariable,
        ConfigDirectory = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        WorkingDirectory = Environment.CurrentDirectory,
        Time = TimeProvider.System,
    };

    /// <summary>A console that writes plain lines, as long as they are, where nobody looks.</summary>
    public static IAnsiConsole ConsoleOf(TextWriter output, bool isPlain)
    {
        if (!isPlain)
        {
            return AnsiConsole.Console;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });

        // Half of it, since the widths of columns are added to it.
        console.Profile.Width = int.MaxValue / 2;
        return console;
    }

    // On standard error, so that it can be asked where the output goes to a file.
    private static bool Confirmed(string question)
    {
        System.Console.Error.Write(question + " [y/N] ");
        return System.Console.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    /// <summary>A path that a person gave.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, WorkingDirectory);
}
