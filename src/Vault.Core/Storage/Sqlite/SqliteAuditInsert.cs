using System.Text;
using SQLitePCL;
using Vault.Core.Audit;

namespace Vault.Core.Storage.Sqlite;

/// <summary>
/// The statement that inserts a record. SQLite keeps what was bound for the next run, and of most records of an app nearly all is as in the one
/// before: only what differs is bound anew. For one connection and one thread at a time.
/// </summary>
/// <param name="statement">Prepared from <see cref="Sql"/>, with nothing bound; whoever made it disposes it.</param>
/// <param name="check">Throws where SQLite's answer isn't a good one.</param>
internal sealed class SqliteAuditInsert(sqlite3_stmt statement, Action<int> check)
{
    private const int MostOnStack = 512;

    private static readonly string[] Columns =
    [
        "Sequence", "Segment", "Id", "At", "Actor", "Action", "Target", "Outcome", "Principal", "User", "Method", "Host", "Path", "Status", "DurationMs",
        "BytesIn", "BytesOut", "RemoteAddress", "Code", "TraceId", "Previous", "Hash", "Mac",
    ];

    // By the number of the column, from 1. What nothing is bound to is NULL.
    private readonly string?[] _texts = new string?[Columns.Length + 1];
    private readonly long?[] _numbers = new long?[Columns.Length + 1];

    /// <summary>What the statement is prepared from.</summary>
    public static string Sql { get; } =
        $"INSERT INTO audit ({string.Join(", ", Columns.Select(column => $"\"{column}\""))}) VALUES ({string.Join(", ", Columns.Select(_ => "?"))})";

    /// <summary>The statement.</summary>
    public sqlite3_stmt Statement { get; } = statement;

    /// <summary>Binds a record, in the order of the columns.</summary>
    public void Bind(AuditEntry entry)
    {
        var audited = entry.Event;
        var i = 0;
        Number(++i, entry.Sequence);
        Number(++i, entry.Segment);
        Text(++i, audited.Id);
        Number(++i, audited.At.UtcTicks);
        Text(++i, audited.Actor);
        Text(++i, audited.Action);
        Text(++i, audited.Target);
        Text(++i, audited.Outcome);
        Text(++i, audited.Principal);
        Text(++i, audited.User);
        Text(++i, audited.Method);
        Text(++i, audited.Host);
        Text(++i, audited.Path);
        Number(++i, audited.Status);
        i++;
        check(audited.DurationMs is { } duration ? raw.sqlite3_bind_double(Statement, i, duration) : raw.sqlite3_bind_null(Statement, i));
        Number(++i, audited.BytesIn);
        Number(++i, audited.BytesOut);
        Text(++i, audited.RemoteAddress);
        Text(++i, audited.Code);
        Text(++i, audited.TraceId);
        check(raw.sqlite3_bind_blob(Statement, ++i, entry.Previous));
        check(raw.sqlite3_bind_blob(Statement, ++i, entry.Hash));
        check(raw.sqlite3_bind_blob(Statement, ++i, entry.Mac));
    }

    private void Number(int column, long? value)
    {
        if (_numbers[column] != value)
        {
            check(value is { } number ? raw.sqlite3_bind_int64(Statement, column, number) : raw.sqlite3_bind_null(Statement, column));
            _numbers[column] = value;
        }
    }

    private void Text(int column, string? value)
    {
        if (_texts[column] == value)
        {
            return;
        }

        if (value is null)
        {
            check(raw.sqlite3_bind_null(Statement, column));
        }
        else
        {
            Span<byte> stack = stackalloc byte[MostOnStack];
            var utf8 = value.Length * 3 <= MostOnStack ? stack : new byte[Encoding.UTF8.GetMaxByteCount(value.Length)];
            check(raw.sqlite3_bind_text(Statement, column, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        }

        _texts[column] = value;
    }
}
