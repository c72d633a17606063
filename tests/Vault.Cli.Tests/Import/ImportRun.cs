using System.Text;
using Vault.Testing;

namespace Vault.Cli.Tests.Import;

/// <summary>A run of <c>vault import</c> in a directory of its own.</summary>
internal sealed class ImportRun(VaultFactory? vault = null, string system = "salesforce") : IDisposable
{
    private readonly CommandRun _commands = new(vault) { Input = "" };

    /// <summary>Where it runs.</summary>
    public string Directory => _commands.Directory;

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

    /// <summary>Runs an import.</summary>
    public Task<ImportRun> RunAsync(params string[] args) => CommandAsync("", ["import", system, .. args]);

    /// <summary>Copies a file of the repository, and gives its name.</summary>
    public string Copy(string path)
    {
        File.Copy(RepositoryFiles.PathOf(path), Path.Combine(Directory, Path.GetFileName(path)), overwrite: true);
        return Path.GetFileName(path);
    }

    /// <summary>Compares with what was approved; UPDATE_APPROVED=1 approves it.</summary>
    public static void Approve(string path, string received)
    {
        path = RepositoryFiles.PathOf(path);
        if (Environment.GetEnvironmentVariable("UPDATE_APPROVED") == "1")
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, received);
        }

        Xunit.Assert.Equal(File.ReadAllText(path), received);
    }

    /// <summary>Runs any command.</summary>
    public async Task<ImportRun> CommandAsync(string input, params string[] args)
    {
        _commands.Input = input;
        (ExitCode, Output, Error) = await _commands.RunAsync(args);
        return this;
    }

    public void Dispose() => _commands.Dispose();
}
