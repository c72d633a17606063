using System.Text;
using Vault.Cli.Terminals;
using Vault.Testing;

namespace Vault.Cli.Tests;

/// <summary>What a run of the command line left behind.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error);

/// <summary>The real command line, with a terminal, an environment and a home of its own.</summary>
public sealed class CommandRun : IDisposable
{
    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("vault-cli-");

    public CommandRun(VaultFactory? vault = null, string? key = VaultFactory.AdminKey)
    {
        if (vault is not null)
        {
            using var client = vault.CreateClient((string?)null);
            Variables["VAULT_URL"] = client.BaseAddress!.ToString();
        }

        if (key is not null)
        {
            Variables["VAULT_KEY"] = key;
        }
    }

    /// <summary>Environment variables.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>What is piped in; null: a person sits there.</summary>
    public string? Input { get; set; }

    /// <summary>What the person enters where a secret is asked for.</summary>
    public Queue<string> Secrets { get; } = new();

    /// <summary>What was asked.</summary>
    public List<string> Questions { get; } = [];

    /// <summary>What the person says when asked whether to go on.</summary>
    public bool Confirms { get; set; } = true;

    /// <summary>What else happens while the person thinks about it.</summary>
    public Action? WhileAsked { get; set; }

    /// <summary>Where files are.</summary>
    public string Directory => _directory.FullName;

    public async Task<CommandResult> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var raw = new MemoryStream();
        var surroundings = new Surroundings
        {
            Output = output,
            Error = error,
            OpenOutput = () => new KeptStream(raw),
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(Input ?? "")),
            CanAsk = Input is null,
            AskSecret = question =>
            {
                Questions.Add(question);
                return Secrets.TryDequeue(out var secret) ? secret : null;
            },
            Confirm = question =>
            {
                Questions.Add(question);
                WhileAsked?.Invoke();
                return Confirms;
            },
            Console = Surroundings.ConsoleOf(output, isPlain: true),
            Variable = Variables.GetValueOrDefault,
            ConfigDirectory = Path.Combine(Directory, "config"),
            WorkingDirectory = Directory,
            Time = TimeProvider.System,
        };
        var code = await VaultCommandLine.RunAsync(args, surroundings, CancellationToken.None);
        var result = new CommandResult(code, output + Encoding.UTF8.GetString(raw.ToArray()), error.ToString());

        // Nobody is ever shown a stack trace.
        Xunit.Assert.DoesNotContain("   at ", result.Error + result.Output, StringComparison.Ordinal);
        Xunit.Assert.DoesNotContain("unforeseen", result.Error, StringComparison.Ordinal);
        return result;
    }

    /// <summary>Expects an exit code.</summary>
    public async Task<CommandResult> ExpectAsync(int exitCode, params string[] args)
    {
        var result = await RunAsync(args);
        Xunit.Assert.True(result.ExitCode == exitCode, $"vault {string.Join(' ', args)}: {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result;
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private sealed class KeptStream(MemoryStream kept) : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                kept.Write(ToArray());
            }

            base.Dispose(disposing);
        }
    }
}

/// <summary>A vault shared by the tests of a class.</summary>
public sealed class VaultFixture : IAsyncDisposable, IDisposable
{
    public VaultFactory Vault { get; } = new();

    public ValueTask DisposeAsync() => Vault.DisposeAsync();

    public void Dispose() => Vault.Dispose();
}
