using System.Text;
using Spectre.Console;
using Vault.Cli.Terminals;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>A run of <c>vault import salesforce</c> in a directory of its own.</summary>
internal sealed class ImportRun : IDisposable
{
    /// <summary>Where it runs.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("vault-import-").FullName;

    /// <summary>The exit code of the last run.</summary>
    public int ExitCode { get; private set; }

    /// <summary>What the last run said.</summary>
    public string Output { get; private set; } = "";

    /// <summary>What the last run said of failures.</summary>
    public string Error { get; private set; } = "";

    /// <summary>The definitions that were written.</summary>
    public string Yaml => File.ReadAllText(Path.Combine(Directory, "vault.yaml"));

    /// <summary>The project of the tests.</summary>
    public static string Project => Path.Combine(AppContext.BaseDirectory, "Import", "Salesforce", "Project");

    /// <summary>Writes a file and gives its name.</summary>
    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a file and gives its name.</summary>
    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return name;
    }

    /// <summary>Runs it.</summary>
    public async Task<ImportRun> RunAsync(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var surroundings = new Surroundings
        {
            Output = output,
            Error = error,
            OpenOutput = () => Stream.Null,
            OpenInput = () => Stream.Null,
            CanAsk = false,
            AskSecret = _ => null,
            Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }),
            Variable = _ => null,
            ConfigDirectory = Directory,
            WorkingDirectory = Directory,
            Time = TimeProvider.System,
        };
        ExitCode = await VaultCommandLine.RunAsync(["import", "salesforce", .. args], surroundings, CancellationToken.None);
        Output = output.ToString();
        Error = error.ToString();
        return this;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
