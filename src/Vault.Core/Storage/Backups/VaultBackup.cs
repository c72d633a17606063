using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;

namespace Vault.Core.Storage.Backups;

/// <summary>What a backup holds.</summary>
/// <param name="At">When it was made.</param>
/// <param name="MadeBy">The version of the vault.</param>
/// <param name="Rows">How many rows of each table.</param>
/// <param name="AuditProblem">Why the audit in it can't be trusted to be whole, as far as its mark and its checkpoints show: a restore verifies all of it. Null: nothing was seen.</param>
public sealed record BackupReport(DateTimeOffset At, string MadeBy, IReadOnlyDictionary<string, long> Rows, string? AuditProblem = null);

/// <summary>
/// Writes a backup while the vault runs, verifies one, and fills an empty database from one. A backup is one moment of the database and
/// the signed checkpoints of the audit, encrypted under a key made of the master key, which isn't in it; secrets stay sealed in it.
/// </summary>
public sealed class VaultBackup
{
    private const string Restored = "vault.restored";

    private readonly IDbContextFactory<VaultDbContext> _contexts;
    private readonly ISnapshotReads _snapshots;
    private readonly IMasterKeyProvider _provider;
    private readonly MasterKey _masterKey;
    private readonly VaultStorageStart _start;
    private readonly IntegrityKey _integrity;
    private readonly IAuditStore _audit;
    private readonly AuditMark _mark;
    private readonly AuditCheckpoints _checkpoints;
    private readonly AuditVerifier _verifier;
    private readonly AuditOptions _auditOptions;
    private readonly TimeProvider _time;

    internal VaultBackup(
        IDbContextFactory<VaultDbContext> contexts, ISnapshotReads snapshots, IMasterKeyProvider provider, MasterKey masterKey, VaultStorageStart start, IntegrityKey integrity,
        IAuditStore audit, AuditMark mark, AuditCheckpoints checkpoints, AuditVerifier verifier, AuditOptions auditOptions, TimeProvider time)
    {
        (_contexts, _snapshots, _provider, _masterKey, _start) = (contexts, snapshots, provider, masterKey, start);
        (_integrity, _audit, _mark, _checkpoints, _verifier, _auditOptions, _time) = (integrity, audit, mark, checkpoints, verifier, auditOptions, time);
    }

    private static string Version => typeof(VaultBackup).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Writes a backup, and reads it back before it has its name.</summary>
    /// <exception cref="VaultStartException">There is no vault, or the file can't be written.</exception>
    public async Task<BackupReport> WriteAsync(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            throw new VaultStartException($"There is a file {path} already.");
        }

        await _start.OpenAsync(cancellationToken);

        // A name that nobody can know before, made by nobody else: not through a link, and not shared.
        var partial = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.partial";
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var isMade = false;
        try
        {
            BackupReport report;
            await using (var file = new FileStream(partial, how))
            {
                isMade = true;
                await WriteAsync(file, cancellationToken);
                file.Flush(flushToDisk: true);
                file.Position = 0;
                report = await ReadAsync(file, _ => { }, (_, _) => Task.CompletedTask, cancellationToken);
            }

            File.Move(partial, path, overwrite: false);
            isMade = false;
            DurableDirectory.Flush(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            return report;
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw new VaultStartException($"The file {path} can't be written.", exception);
        }
        finally
        {
            if (isMade)
            {
                File.Delete(partial);
            }
        }
    }

    /// <summary>Reads the beginning of a backup: it is one, and its key is at hand.</summary>
    /// <exception cref="BackupDamagedException">It is damaged, or none.</exception>
    /// <exception cref="VaultStartException">The file, or its master key, isn't there.</exception>
    public async Task CheckKeyAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = OpenFile(path);
        var (header, _) = await BackupHeader.ReadAsync(file, cancellationToken);
        _ = await FindKeyAsync(header, cancellationToken);
    }

    /// <summary>Reads all of a backup: it is whole, its key is at hand, and whether the audit in it was. Nothing else is looked at.</summary>
    /// <exception cref="BackupDamagedException">It is damaged.</exception>
    /// <exception cref="VaultStartException">The file, or its master key, isn't there.</exception>
    public async Task<BackupReport> VerifyAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = OpenFile(path);
        return await ReadAsync(file, _ => { }, (_, _) => Task.CompletedTask, cancellationToken);
    }

    /// <summary>
    /// Fills an empty database and data directory; after it the vault is open (<see cref="VaultStorageStart.OpenAsync"/>). The audit is
    /// verified against the mark of its end that was backed up: a backup must not make good what was cut off before it.
    /// </summary>
    /// <exception cref="BackupDamagedException">The backup is damaged.</exception>
    /// <exception cref="VaultStartException">The file, or its master key, isn't there; or the database isn't empty.</exception>
    public async Task<(BackupReport Report, AuditVerdict Audit)> RestoreAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = OpenFile(path);
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.MigrateAsync(cancellationToken);
        await context.Database.OpenConnectionAsync(cancellationToken);
        BackupReport report;
        string checkpoints;
        bool isShared;
        AuditMarked? mark;
        await using (var transaction = await context.Database.BeginTransactionAsync(cancellationToken))
        {
            if (!await BackupFill.IsEmptyAsync(context, cancellationToken))
            {
                throw new VaultStartException("The database isn't empty; a backup is restored into an empty one.");
            }

            await using var fill = new BackupFill(context, transaction.GetDbTransaction(), cancellationToken);
            report = await ReadAsync(file, fill.Begin, fill.AddAsync, cancellationToken);
            (checkpoints, isShared, mark) = (fill.Checkpoints, fill.IsShared, fill.Mark);
            await transaction.CommitAsync(cancellationToken);
        }

        // The keys of what was restored, as the next start will need them; then where its audit ended, as the vault that wrote it knew.
        await _start.OpenAsync(cancellationToken);

        // Of a replica that joined later they are signed anew, with one more before them: the vault that starts here may have the log to itself.
        var anew = isShared && mark is not null ? _checkpoints.FromTheBeginning(checkpoints) : null;
        await WriteCheckpointsAsync(anew ?? checkpoints, cancellationToken);
        var count = (mark?.Checkpoints ?? 0) + (anew is null ? 0 : 1);
        if (mark is not null)
        {
            _mark.Set(mark.Head, count);
        }

        var verdict = await _verifier.VerifyAsync(head: null, cancellationToken);
        if (verdict.Valid && mark is not null)
        {
            _mark.Set(await _audit.HeadAsync(cancellationToken) ?? AuditChain.Beginning, count);
        }

        // And what the audit is to say of this.
        context.Facts.Add(PendingRecord.ToRow(_integrity, _time.GetUtcNow(), Restored, TargetOf(report)));
        await context.SaveChangesAsync(cancellationToken);
        return (report, verdict);
    }

    /// <summary>
    /// Fills the database that a vault is to run on with a backup that was restored aside, and looked at there (<see cref="RestoreAsync"/>, in this
    /// process): one transaction, in which a vault finds all of it or nothing.
    /// </summary>
    /// <returns>False: it is there already, since a restore that was killed after it had written it.</returns>
    /// <exception cref="VaultStartException">The database isn't empty, or can't keep what is in the backup.</exception>
    public async Task<bool> FillAsync(string path, CopyTarget target, CancellationToken cancellationToken)
    {
        await using var file = OpenFile(path);
        await using var transaction = await target.BeginAsync(cancellationToken);
        var context = target.Database;
        await using var fill = new BackupFill(context, transaction.GetDbTransaction(), cancellationToken);
        var isEmpty = await BackupFill.IsEmptyAsync(context, cancellationToken);
        var pending = await context.Facts.AsNoTracking().ToListAsync(cancellationToken);
        try
        {
            var report = await ReadAsync(file, fill.Begin, isEmpty ? fill.AddAsync : (_, _) => Task.CompletedTask, cancellationToken);
            if (!isEmpty)
            {
                // What a restore leaves for the first start to record: nobody has started on it since.
                return pending.Where(PendingRecord.IsOne).Any(fact => PendingRecord.Read(fact, _integrity) is { Action: Restored } record && record.Target == TargetOf(report))
                    ? false
                    : throw new VaultStartException("The database isn't empty; a backup is restored into an empty one. Nothing was restored.");
            }

            await fill.CheckAsync(report.Rows);
            context.Facts.Add(PendingRecord.ToRow(_integrity, _time.GetUtcNow(), Restored, TargetOf(report)));
            await context.SaveChangesAsync(cancellationToken);
        }
        catch (DbException exception) when (exception.SqlState is ['2', '2' or '3', ..])
        {
            throw new VaultStartException($"The database can't keep a row of the backup: {exception.SqlState}. Nothing was restored; into SQLite it can be.", exception);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static string TargetOf(BackupReport report) => $"backup of {report.At.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}";

    private async Task WriteCheckpointsAsync(string lines, CancellationToken cancellationToken)
    {
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(_auditOptions.CheckpointPath, how);
        await file.WriteAsync(Encoding.UTF8.GetBytes(lines), cancellationToken);
        file.Flush(flushToDisk: true);
    }

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The file {path} can't be read.", exception);
        }
    }

    private async Task WriteAsync(FileStream file, CancellationToken cancellationToken)
    {
        // 1. The mark and the checkpoints, before the moment that is backed up: none may be of a record that isn't there.
        var mark = ReadMark();
        var checkpoints = File.Exists(_auditOptions.CheckpointPath) ? await ReadWholeLinesAsync(cancellationToken) : [];

        // 2. The moment.
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.OpenConnectionAsync(cancellationToken);
        var connection = context.Database.GetDbConnection();
        await using var snapshot = await _snapshots.BeginAsync(connection, cancellationToken);
        await context.Database.UseTransactionAsync(snapshot, cancellationToken);
        var facts = await context.Facts.AsNoTracking().ToDictionaryAsync(row => row.Name, row => row.Value, cancellationToken);
        var header = new BackupHeader(
            1, Version, _time.GetUtcNow(), _provider.Name, facts[MasterKeyFacts.CheckValue], facts.GetValueOrDefault(MasterKeyFacts.Kept),
            RandomNumberGenerator.GetBytes(BackupHeader.SaltSize), RandomNumberGenerator.GetBytes(BackupHeader.NoncePrefixSize));

        // 3. Everything, sealed.
        using var cipher = new PieceCipher(_masterKey.BackupKey(header.Salt), header.NoncePrefix, await header.WriteAsync(file, cancellationToken));
        await using var content = new SealingStream(file, cipher);
        var tables = BackupTable.Of(context);
        await BackupContent.WriteLineAsync(content, new BackupContent.Beginning([.. tables.Select(table => table.Shape)], _auditOptions.IsShared), cancellationToken);
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        if (mark is not null)
        {
            await BackupContent.WriteLineAsync(content, new object[] { BackupContent.Mark, mark }, cancellationToken);
            counts[BackupContent.Mark] = 1;
        }

        foreach (var line in checkpoints)
        {
            await BackupContent.WriteLineAsync(content, new[] { BackupContent.Checkpoints, line }, cancellationToken);
            counts[BackupContent.Checkpoints] = counts.GetValueOrDefault(BackupContent.Checkpoints) + 1;
        }

        foreach (var table in tables)
        {
            if (await table.WriteAsync(connection, snapshot, content, cancellationToken) is > 0 and var count)
            {
                counts[table.Name] = count;
            }
        }

        await BackupContent.WriteLineAsync(content, new BackupContent.End(counts), cancellationToken);
        await content.CompleteAsync(cancellationToken);
    }

    // A vault that runs writes over it meanwhile: what is read in the middle of that says nothing.
    private AuditMarked? ReadMark()
    {
        const int Tries = 5;
        AuditMarked? mark = null;
        for (var tried = 0; tried < Tries && mark is null; tried++)
        {
            mark = _mark.Read();
        }

        return mark;
    }

    private async Task<string[]> ReadWholeLinesAsync(CancellationToken cancellationToken)
    {
        await using var file = new FileStream(_auditOptions.CheckpointPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return [.. (await reader.ReadToEndAsync(cancellationToken)).Split('\n').SkipLast(1)];
    }

    private async Task<BackupReport> ReadAsync(Stream file, Action<BackupContent.Beginning> begin, Func<string, JsonElement, Task> row, CancellationToken cancellationToken)
    {
        var (header, hash) = await BackupHeader.ReadAsync(file, cancellationToken);
        var masterKey = await FindKeyAsync(header, cancellationToken);
        using var cipher = new PieceCipher(masterKey.BackupKey(header.Salt), header.NoncePrefix, hash);
        await using var content = new OpeningStream(file, cipher);
        var audit = new BackedUpAudit();
        var counts = await BackupContent.ReadAsync(content, begin + audit.Begin, Row, cancellationToken);
        return new BackupReport(header.At, header.MadeBy, counts, audit.Problem);

        Task Row(string table, JsonElement values)
        {
            audit.Add(table, values);
            return row(table, values);
        }
    }

    private async Task<MasterKey> FindKeyAsync(BackupHeader header, CancellationToken cancellationToken)
    {
        var key = await _provider.FindAsync(header.MasterKeyKept, cancellationToken);
        if (key is null || !CryptographicOperations.FixedTimeEquals(header.MasterKeyCheckValue, KeyCheckValue.Of(key, "master")))
        {
            // Nobody vouches for what the header says yet: of its text, only a name that is known is repeated.
            var madeWith = MasterKeyProviders.IsKnown(header.MasterKeyProvider) ? $"provider '{header.MasterKeyProvider}'" : "an unknown provider";
            throw new VaultStartException(key is null
                ? $"There is no master key where the provider '{_provider.Name}' looks for it (Vault:MasterKey); the backup opens with the one that it was made with alone ({madeWith})."
                : $"The master key (Vault:MasterKey, provider '{_provider.Name}') is not the one that the backup was made with ({madeWith}).");
        }

        var masterKey = new MasterKey();
        masterKey.Set(key);
        CryptographicOperations.ZeroMemory(key);
        return masterKey;
    }
}
