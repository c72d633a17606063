using Vault.Core.Audit;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary><c>audit verify</c>: verifies the audit of a vault that may be running or not; reads only.</summary>
internal static class AuditCommand
{
    /// <summary>Verifies, and says what came of it: 0 all is well, 1 it is not, 2 nobody can say.</summary>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="output">Gets the verdict, a line of JSON.</param>
    /// <param name="errors">Gets why there is none.</param>
    public static Task<int> VerifyAsync(string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        await app.Services.GetRequiredService<VaultStorageStart>().OpenAsync(CancellationToken.None);
        var verdict = await app.Services.GetRequiredService<AuditVerifier>().VerifyAsync(head: null, CancellationToken.None);
        await VaultCommand.WriteAsync(output, verdict);
        return verdict.Valid ? VaultCommand.Well : verdict.Fault == AuditFaults.Checkpoints ? VaultCommand.Undecided : VaultCommand.NotWell;
    });
}
