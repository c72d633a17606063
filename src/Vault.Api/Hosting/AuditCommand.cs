using System.Text.Json;
using Microsoft.Extensions.Options;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary><c>audit verify</c>: verifies the audit of a vault that may be running or not; reads only.</summary>
internal static class AuditCommand
{
    private const int Tampered = 1;
    private const int Undecided = 2;

    /// <summary>Verifies, and says what came of it: 0 all is well, 1 it is not, 2 nobody can say.</summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="output">Gets the verdict, a line of JSON.</param>
    /// <param name="errors">Gets why there is none.</param>
    public static async Task<int> VerifyAsync(string[] args, TextWriter output, TextWriter errors)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
            builder.Logging.ClearProviders();
            VaultHost.AddServices(builder);
            await using var app = builder.Build();
            await app.Services.GetRequiredService<VaultStorageStart>().OpenAsync(CancellationToken.None);
            var verdict = await app.Services.GetRequiredService<AuditVerifier>().VerifyAsync(head: null, CancellationToken.None);
            await output.WriteLineAsync(JsonSerializer.Serialize(verdict, JsonSerializerOptions.Web));
            return verdict.Valid ? 0 : verdict.Fault == AuditFaults.Checkpoints ? Undecided : Tampered;
        }
        catch (Exception exception) when (exception is VaultStartException or VaultSettingException or OptionsValidationException || StorageFaults.IsUnavailable(exception))
        {
            await errors.WriteLineAsync("vault: " + exception.Message);
            return Undecided;
        }
    }
}
