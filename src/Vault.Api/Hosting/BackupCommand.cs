using Vault.Core.Administration.VaultKeys;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Backups;

namespace Vault.Api.Hosting;

/// <summary>What a restore put in place.</summary>
/// <param name="Restored">True.</param>
/// <param name="Backup">What the backup held.</param>
/// <param name="Keys">What came of opening everything.</param>
/// <param name="Audit">What came of verifying the audit.</param>
internal sealed record RestoreReport(bool Restored, BackupReport Backup, KeyVerdict Keys, AuditVerdict Audit);

/// <summary><c>backup &lt;file&gt;</c>, <c>backup --verify &lt;file&gt;</c> and <c>restore &lt;file&gt;</c>.</summary>
internal static class BackupCommand
{
    /// <summary>
    /// Writes a backup of a vault that may be running. 0: it is written and was read back; 1: that too, but the audit isn't as the vault
    /// left it, which is told; 2: there is none.
    /// </summary>
    /// <param name="path">The file to make.</param>
    /// <param name="args">Settings, as for the vault itself.</param>
    /// <param name="output">Gets what it holds, a line of JSON.</param>
    /// <param name="errors">Gets why there is none.</param>
    public static Task<int> WriteAsync(string path, string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        try
        {
            var report = await app.Services.GetRequiredService<VaultBackup>().WriteAsync(path, CancellationToken.None);
            await VaultCommand.WriteAsync(output, report);
            return report.AuditProblem is null ? VaultCommand.Well : VaultCommand.NotWell;
        }
        catch (BackupDamagedException damaged)
        {
            await VaultCommand.TellAsync(errors, "What was written could not be read back, and was removed. " + damaged.Message);
            return VaultCommand.Undecided;
        }
    });

    /// <summary>Reads all of a backup. 0: it is whole; 1: it is damaged, or the audit in it wasn't as the vault left it, which is told; 2: nobody can say, without the file or its master key.</summary>
    /// <param name="path">The file.</param>
    /// <param name="args">Settings: those of the master key.</param>
    /// <param name="output">Gets what it holds, a line of JSON.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static Task<int> VerifyAsync(string path, string[] args, TextWriter output, TextWriter errors) => VaultCommand.RunAsync(args, errors, async app =>
    {
        try
        {
            var report = await app.Services.GetRequiredService<VaultBackup>().VerifyAsync(path, CancellationToken.None);
            await VaultCommand.WriteAsync(output, report);
            return report.AuditProblem is null ? VaultCommand.Well : VaultCommand.NotWell;
        }
        catch (BackupDamagedException damaged)
        {
            await VaultCommand.TellAsync(errors, damaged.Message);
            return VaultCommand.NotWell;
        }
    });

    /// <summary>
    /// Restores into an empty data directory and an empty database. 0: it is restored, and all is well with it; 1: it is restored, but what was backed up has
    /// damage, which is told; 2: it is not restored, and nothing was put in place.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="args">Settings, as for the vault that will run there.</param>
    /// <param name="output">Gets what was restored, a line of JSON.</param>
    /// <param name="errors">Gets why it was not.</param>
    public static async Task<int> RestoreAsync(string path, string[] args, TextWriter output, TextWriter errors)
    {
        // Before anything is touched: what a restore left in the middle goes only for a backup that can be opened.
        var opened = await VaultCommand.RunAsync(args, errors, async app =>
        {
            try
            {
                await app.Services.GetRequiredService<VaultBackup>().CheckKeyAsync(path, CancellationToken.None);
                return VaultCommand.Well;
            }
            catch (BackupDamagedException damaged)
            {
                await VaultCommand.TellAsync(errors, damaged.Message);
                return VaultCommand.Undecided;
            }
        });
        if (opened != VaultCommand.Well)
        {
            return opened;
        }

        try
        {
            var configuration = VaultBuilder.Create(args).Configuration;
            using var place = StorageRegistration.RestorePlace(configuration);
            RestoreReport? report = null;
            var code = await VaultCommand.RunAsync([.. args, .. place.Settings], errors, async app =>
            {
                try
                {
                    var services = app.Services;

                    // At once, so that no vault starts on it meanwhile.
                    await using var target = place.Target is { } connection ? await CopyTarget.OpenAsync(connection, CancellationToken.None) : null;
                    var (backup, audit) = await services.GetRequiredService<VaultBackup>().RestoreAsync(path, CancellationToken.None);
                    var keys = await services.GetRequiredService<KeyVerification>().VerifyAsync(CancellationToken.None);
                    if (target is not null)
                    {
                        await services.GetRequiredService<VaultBackup>().FillAsync(path, target, CancellationToken.None);
                    }

                    report = new RestoreReport(true, backup, keys, audit);
                    return report.Keys.Valid && report.Audit.Valid ? VaultCommand.Well : VaultCommand.NotWell;
                }
                catch (BackupDamagedException damaged)
                {
                    await VaultCommand.TellAsync(errors, damaged.Message);
                    return VaultCommand.Undecided;
                }
            });
            if (report is not null)
            {
                // The services, and with them every connection, are gone by now.
                place.Commit();
                await VaultCommand.WriteAsync(output, report);
            }

            return code;
        }
        catch (Exception exception) when (exception is VaultStartException or IOException or UnauthorizedAccessException)
        {
            await VaultCommand.TellAsync(errors, exception.Message);
            return VaultCommand.Undecided;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: no message of an unforeseen fault is told, since it may hold anything.
            await VaultCommand.TellAsync(errors, "An unforeseen fault ended the restore: " + exception.GetType().Name);
            return VaultCommand.Undecided;
        }
    }
}
