using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Vault.Core.Audit;

namespace Vault.Core.Storage;

/// <summary>
/// Writes records by one prepared statement. Every callout has one, and through EF Core's change tracking a record costs more than
/// the rest of its callout; see docs/decisions/0013.
/// </summary>
internal static class AuditInsert
{
    private static readonly string[] Columns =
    [
        "Sequence", "Segment", "Id", "At", "Actor", "Action", "Target", "Outcome", "Principal", "User", "Method", "Host", "Path", "Status", "DurationMs",
        "BytesIn", "BytesOut", "RemoteAddress", "Code", "TraceId", "Previous", "Hash", "Mac",
    ];

    private static readonly string Sql =
        $"INSERT INTO audit ({string.Join(", ", Columns.Select(column => $"\"{column}\""))}) VALUES ({string.Join(", ", Columns.Select(column => "@" + column))})";

    /// <summary>Writes the records in the context's transaction.</summary>
    public static async Task ExecuteAsync(VaultDbContext database, IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await using var command = database.Database.GetDbConnection().CreateCommand();
        command.Transaction = database.Database.CurrentTransaction?.GetDbTransaction();
        command.CommandText = Sql;
        var values = new DbParameter[Columns.Length];
        for (var i = 0; i < Columns.Length; i++)
        {
            values[i] = command.CreateParameter();
            values[i].ParameterName = "@" + Columns[i];
            command.Parameters.Add(values[i]);
        }

        foreach (var entry in entries)
        {
            Fill(values, entry);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // In the order of the columns.
    private static void Fill(DbParameter[] values, AuditEntry entry)
    {
        var audited = entry.Event;
        var i = 0;
        Set(entry.Sequence);
        Set(entry.Segment);
        Set(audited.Id);
        Set(audited.At.UtcTicks);
        Set(audited.Actor);
        Set(audited.Action);
        Set(audited.Target);
        Set(audited.Outcome);
        Set(audited.Principal);
        Set(audited.User);
        Set(audited.Method);
        Set(audited.Host);
        Set(audited.Path);
        Set(audited.Status);
        Set(audited.DurationMs);
        Set(audited.BytesIn);
        Set(audited.BytesOut);
        Set(audited.RemoteAddress);
        Set(audited.Code);
        Set(audited.TraceId);
        Set(entry.Previous);
        Set(entry.Hash);
        Set(entry.Mac);

        void Set(object? value) => values[i++].Value = value ?? DBNull.Value;
    }
}
