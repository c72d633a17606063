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

    /// <summary>Builds the services and runs the command.</summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="errors">Gets why it couldn't be done.</param>
    /// <param name="run">The command.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter errors, Func<WebApplication, Task<int>> run)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
            builder.Logging.ClearProviders();
            VaultHost.AddServices(builder);
            await using var app = builder.Build();
            return await run(app);
        }
        catch (Exception exception) when (exception is VaultStartException or VaultSettingException or OptionsValidationException || StorageFaults.IsUnavailable(exception))
        {
            await errors.WriteLineAsync("vault: " + exception.Message);
            return Undecided;
        }
    }

    /// <summary>Writes a verdict as one line of JSON.</summary>
    public static Task WriteAsync<T>(TextWriter output, T verdict) => output.WriteLineAsync(JsonSerializer.Serialize(verdict, JsonSerializerOptions.Web));
}
