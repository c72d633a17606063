using System.Text;
using SQLitePCL;
using Vault.Core.Audit;

namespace Vault.Core.Storage.Sqlite;

/// <summary>
/// A statement that inserts a record, or several: those after the first find the places in table and indexes open. SQLite keeps what was bound for the next run, and of most records of an app nearly all is as in the one
/// before: only what differs is bound anew. For one connection and one thread at a time.
/// </summary>
/// <param name="statement">Prepared from <see cref="Sql"/>, with nothing bound; whoever made it disposes it.</param>
/// <param name="rows">For how many.</param>
/// <param name="check">Throws where SQLite's answer isn't a good one.</param>
internal sealed class SqliteAuditInsert(sqlite3_stmt statement, int rows, Action<int> check)
{
    private const int MostOnStack = 512;

    private static readonly string[] Columns =
    [
        "Sequence", "Segment", "Id", "At", "Actor", "Action", "Target", "Outcome", "Principal", "User", "Method", "Host", "Path", "Status", "DurationMs",
        "BytesIn", "BytesOut", "RemoteAddress", "Code", "TraceId", "Previous", "Hash", "Mac",
    ];

    // By the number of the parameter, from 1. What nothing is bound to is NULL.
    private readonly string?[] _texts = new string?[(rows * Columns.Length) + 1];
    private readonly long?[] _numbers = new long?[(rows * Columns.Length) + 1];

    /// <summary>The statement.</summary>
    public sqlite3_stmt Statement { get; } = statement;

    /// <summary>What a statement for so many records is prepared from.</summary>
    public static string Sql(int rows)
    {
        // A record that doesn't go in ends the transaction: else SQLite would note, for several rows, how each page was before the statement.
        var row = $"({string.Join(", ", Columns.Select(_ => "?"))})";
        return $"INSERT OR ROLLBACK INTO audit ({string.Join(", ", Columns.Select(column => $"\"{column}\""))}) VALUES {string.Join(", ", Enumerable.Repeat(row, rows))}";
    }

    /// <summary>Binds a record, in the order of the columns.</summary>
    /// <param name="entry">The record.</param>
    /// <param name="row">Which of the statement's it is, from 0.</param>
    public void Bind(AuditEntry entry, int row = 0)
    {
        var audited = entry.Event;
        var i = row * Columns.Length;
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

    private void Number(int parameter, long? value)
    {
        if (_numbers[parameter] != value)
        {
            check(value is { } number ? raw.sqlite3_bind_int64(Statement, parameter, number) : raw.sqlite3_bind_null(Statement, parameter));
            _numbers[parameter] = value;
        }
    }

    private void Text(int parameter, string? value)
    {
        if (_texts[parameter] == value)
        {
            return;
        }

        if (value is null)
        {
            check(raw.sqlite3_bind_null(Statement, parameter));
        }
        else
        {
            Span<byte> stack = stackalloc byte[MostOnStack];
            var utf8 = value.Length * 3 <= MostOnStack ? stack : new byte[Encoding.UTF8.GetMaxByteCount(value.Length)];
            check(raw.sqlite3_bind_text(Statement, parameter, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        }

        _texts[parameter] = value;
    }
}
