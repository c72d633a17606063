using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using SQLitePCL;
using Vault.Core.Audit;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Sqlite;

/// <summary>
/// Writes records by a statement that stays prepared, on a connection of its own. Whatever fails closes that connection: the next try
/// begins with a new one.
/// </summary>
internal sealed class SqliteAuditWriter(IOptions<VaultStorageOptions> options, IDbContextFactory<VaultDbContext> contexts) : IAuditWriter, IDisposable
{
    // Waiting longer for a lock would hold callouts up that had better be refused.
    private const int MillisecondsToWait = 2_000;

    // More at once would be no faster, and leave more to be inserted one by one.
    private const int AtOnce = 16;
    private const long LeastSpace = 8 << 20;

    private SqliteConnection? _connection;
    private DriveInfo? _disk;
    private sqlite3_stmt? _begin;
    private SqliteAuditInsert? _insert;
    private SqliteAuditInsert? _insertMany;
    private sqlite3_stmt? _commit;

    /// <inheritdoc />
    public async Task<List<AuditRow>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Audit.AsNoTracking().Where(row => ids.Contains(row.Id)).ToListAsync(cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            Append(entries, begun);
        }
        catch
        {
            // With it goes a transaction that is open.
            Close();
            throw;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public void Dispose() => Close();

    private void Append(IReadOnlyList<AuditEntry> entries, Action? begun)
    {
        _connection ??= Open();
        var hasSpace = _disk is null || _disk.AvailableFreeSpace >= LeastSpace;
        if (entries.Count == 0 && !hasSpace)
        {
            // A full disk shows only when something is written to it, and by then a callout would have been sent.
            throw new IOException("The disk of the database is full.");
        }

        Run(_begin ??= Prepare("BEGIN IMMEDIATE"));
        if (hasSpace)
        {
            // On a disk that fills up nobody goes on because of a lock: what happened is recorded as long as it can be, and no more begins.
            begun?.Invoke();
        }

        var next = 0;
        while (entries.Count - next >= AtOnce)
        {
            var insert = _insertMany ??= Insert(AtOnce);
            for (var row = 0; row < AtOnce; row++)
            {
                insert.Bind(entries[next++], row);
            }

            Run(insert.Statement);
        }

        while (next < entries.Count)
        {
            var insert = _insert ??= Insert(1);
            insert.Bind(entries[next++]);
            Run(insert.Statement);
        }

        Run(_commit ??= Prepare("COMMIT"));
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(options.Value.ConnectionString) { Pooling = false }.ToString());
        try
        {
            connection.Open();
            ConnectionPragmas.Apply(connection);
            raw.sqlite3_busy_timeout(connection.Handle, MillisecondsToWait);
            _disk = Path.GetDirectoryName(Path.GetFullPath(connection.DataSource)) is { Length: > 0 } directory ? new DriveInfo(directory) : null;
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Close()
    {
        foreach (var statement in new[] { _begin, _insert?.Statement, _insertMany?.Statement, _commit })
        {
            statement?.Dispose();
        }

        (_begin, _insert, _insertMany, _commit) = (null, null, null, null);
        _connection?.Dispose();
        _connection = null;
    }

    private SqliteAuditInsert Insert(int rows) => new(Prepare(SqliteAuditInsert.Sql(rows)), rows, Check);

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_connection?.Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return statement;
    }

    private void Run(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        if (code != raw.SQLITE_DONE)
        {
            Check(code == raw.SQLITE_OK ? raw.SQLITE_ERROR : code);
        }

        Check(raw.sqlite3_reset(statement));
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, _connection?.Handle);
}
