using System.Text.Json;
using Microsoft.Extensions.Options;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary>What all commands share: the vault's own settings and services, without a server. Exit codes: 0 all is well, 1 it is not, 2 nobody can say.</summary>
internal static class VaultCommand
{
    /// <summary>All is well.</summary>
    public const int Well = 0;

    /// <summary>It is not.</summary>
    public const int NotWell = 1;

    /// <summary>Nobody can say: the reason was written to the errors.</summary>
    public const int Undecided = 2;

    private const string Commands = "audit verify, keys verify, keys change-master, backup <file>, backup --verify <file>, restore <file>, database copy, healthcheck";

    /// <summary>The command that the arguments name; null: none, they are settings of a vault that is to run.</summary>
    public static Func<Task<int>>? Find(string[] args) => args switch
    {
        ["healthcheck", .. var rest] => () => HealthCheck.RunAsync(rest),
        ["audit", "verify", .. var rest] => () => AuditCommand.VerifyAsync(rest, Console.Out, Console.Error),
        ["keys", "verify", .. var rest] => () => KeysCommand.VerifyAsync(rest, Console.Out, Console.Error),
        ["keys", "change-master", .. var rest] => () => KeysCommand.ChangeMasterAsync(rest, Console.Out, Console.Error),
        ["backup", "--verify", var file, .. var rest] => () => BackupCommand.VerifyAsync(file, rest, Console.Out, Console.Error),
        ["backup", [not '-', ..] file, .. var rest] => () => BackupCommand.WriteAsync(file, rest, Console.Out, Console.Error),
        ["restore", [not '-', ..] file, .. var rest] => () => BackupCommand.RestoreAsync(file, rest, Console.Out, Console.Error),
        ["database", "copy", .. var rest] => () => DatabaseCommand.CopyAsync(rest, Console.Out, Console.Error),
        ["--help" or "-h" or "--version", ..] => TellCommandsAsync,
        [[not ('-' or '/'), ..] first, ..] when !first.Contains('=', StringComparison.Ordinal) => UnknownAsync,
        _ => null,
    };

    /// <summary>Builds the services and runs the command.</summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="errors">Gets why it couldn't be done.</param>
    /// <param name="run">The command.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter errors, Func<WebApplication, Task<int>> run)
    {
        try
        {
            var builder = VaultBuilder.Create(args);
            builder.Logging.ClearProviders();
            VaultHost.AddServices(builder);
            await using var app = builder.Build();
            app.Services.GetRequiredService<AskedSettings>().RequireForms(app.Configuration);
            return await run(app);
        }
        catch (Exception exception) when (exception is VaultStartException or VaultSettingException or OptionsValidationException || StorageFaults.IsUnavailable(exception))
        {
            await TellAsync(errors, exception.Message);
            return Undecided;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: no message of an unforeseen fault is told, since it may hold anything.
            await TellAsync(errors, "An unforeseen fault ended the command: " + exception.GetType().Name);
            return Undecided;
        }
    }

    /// <summary>Writes why something couldn't be done, on one line: what came out of a file can't steer a terminal.</summary>
    public static Task TellAsync(TextWriter errors, string message) =>
        errors.WriteLineAsync("vault: " + string.Concat(message.Select(character => char.IsControl(character) ? ' ' : character)));

    /// <summary>Writes a verdict as one line of JSON.</summary>
    public static Task WriteAsync<T>(TextWriter output, T verdict) => output.WriteLineAsync(JsonSerializer.Serialize(verdict, JsonSerializerOptions.Web));

    // Settings begin with a dash or a slash, or hold an equals sign: a misspelt command must not start a vault.
    private static async Task<int> UnknownAsync()
    {
        await Console.Error.WriteLineAsync($"vault: there is no such command. There are: {Commands}.");
        return Undecided;
    }

    private static async Task<int> TellCommandsAsync()
    {
        await Console.Out.WriteLineAsync(
            $"vault {typeof(VaultCommand).Assembly.GetName().Version?.ToString(3)}\nWithout a command it runs; settings go by Name=value or --Name value. Commands: {Commands}.");
        return Well;
    }
}
