using Vault.Core.Administration.VaultKeys;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary><c>keys verify</c>: opens everything in a vault that may be running or not; reads only.</summary>
internal static class KeysCommand
{
    /// <summary>Verifies, and says what came of it: 0 all is well, 1 something can't be opened or isn't authentic, 2 nobody can say.</summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="output">Gets the verdict, a line of JSON.</param>
    /// <param name="errors">Gets why there is none.</param>
    public static Task<int> VerifyAsync(string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        await app.Services.GetRequiredService<VaultStorageStart>().OpenAsync(CancellationToken.None);
        var verdict = await app.Services.GetRequiredService<KeyVerification>().VerifyAsync(CancellationToken.None);
        await VaultCommand.WriteAsync(output, verdict);
        return verdict.Valid ? VaultCommand.Well : VaultCommand.NotWell;
    });

    /// <summary>
    /// Changes the master key to the one of <c>Vault:MasterKey:New</c>, while the vault may be running; it has to be started with the
    /// new settings the next time. 0: it is changed; 2: it is not, and the old one is in force.
    /// </summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="output">Gets word of it.</param>
    /// <param name="errors">Gets why it was not.</param>
    public static Task<int> ChangeMasterAsync(string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        var next = StorageRegistration.NewMasterKey(app.Configuration);
        await app.Services.GetRequiredService<VaultStorageStart>().OpenAsync(CancellationToken.None);
        await app.Services.GetRequiredService<MasterKeyChange>().ChangeAsync(next, CancellationToken.None);
        await output.WriteLineAsync($"The master key is the one of the provider '{next.Name}' now. Start the vault with it as Vault:MasterKey the next time; what runs goes on.");
        return VaultCommand.Well;
    });
}
