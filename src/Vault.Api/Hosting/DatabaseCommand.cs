using Microsoft.Extensions.Options;
using Vault.Core.Administration.Transfer;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary><c>database copy --to …</c>: takes a vault from SQLite to PostgreSQL.</summary>
internal static class DatabaseCommand
{
    /// <summary>Copies, and says what was copied: 0 all of it, and every record opens there; 2 nothing was.</summary>
    /// <param name="args">Settings of the vault as it is, and <c>--to</c>, the connection string of an empty PostgreSQL database.</param>
    /// <param name="output">Gets a line per table.</param>
    /// <param name="errors">Gets why nothing was copied.</param>
    public static Task<int> CopyAsync(string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        if (app.Configuration["to"] is not { Length: > 0 } to)
        {
            // An argument can be read by whoever may list processes; the environment can't.
            throw new VaultStartException("Say where to: --to 'Host=…;Database=…;Username=…;Password=…', or in the environment variable `to`.");
        }

        if (!app.Services.GetRequiredService<IOptions<VaultStorageOptions>>().Value.IsSqlite)
        {
            throw new VaultStartException("Copied is from SQLite: Vault:Database:Provider must be that of the vault as it is, 'sqlite'.");
        }

        await app.Services.GetRequiredService<VaultStorageStart>().OpenAloneAsync(CancellationToken.None);
        await using var target = await CopyTarget.OpenAsync(to, CancellationToken.None);
        foreach (var (table, rows) in await app.Services.GetRequiredService<DatabaseCopy>().CopyAsync(target.Database, CancellationToken.None))
        {
            await output.WriteLineAsync($"{table}: {rows}");
        }

        await output.WriteLineAsync("Copied; every record was opened in the copy. Start the vault with Vault:Database:Provider=postgreSql and this connection as ConnectionStrings:Vault.");
        return VaultCommand.Well;
    });
}
