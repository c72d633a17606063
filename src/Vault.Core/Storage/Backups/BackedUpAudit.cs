using System.Text.Json;
using Vault.Core.Audit;

namespace Vault.Core.Storage.Backups;

/// <summary>Looks, while a backup is read, whether the audit in it ends where the vault left it. Whether each record is authentic is known only once it is restored.</summary>
internal sealed class BackedUpAudit
{
    private const string Table = "audit";

    private AuditMarked? _mark;
    private long _checkpoints;
    private int _sequence = -1;
    private int _hash = -1;
    private bool _hasEnd;

    /// <summary>Why the audit can't be trusted to be whole; null: nothing was seen.</summary>
    public string? Problem => _mark is null ? "The mark that says where the audit ends, audit-head.json, is missing or wasn't written by this vault."
        : HasColumns && !_hasEnd && _mark.Head.Sequence > 0 ? $"The audit lacks record {_mark.Head.Sequence}, which its mark says is the last one: its end is cut off, or another one."
        : _checkpoints < _mark.Checkpoints ? $"Of {_mark.Checkpoints} signed checkpoints only {_checkpoints} are left."
        : null;

    // A backup of another version may have others.
    private bool HasColumns => _sequence > 0 && _hash > 0;

    /// <summary>Takes the shape of the tables, as <see cref="BackupTable.Shape"/> says it.</summary>
    public void Begin(BackupContent.Beginning beginning)
    {
        if (beginning.Shape.FirstOrDefault(table => table.StartsWith(Table + "(", StringComparison.Ordinal)) is { } columns)
        {
            // A row begins with the table's name.
            string[] names = [Table, .. columns[(Table.Length + 1)..].Split(',').Select(column => column.Split(':')[0])];
            (_sequence, _hash) = (Array.IndexOf(names, nameof(Rows.AuditRow.Sequence)), Array.IndexOf(names, nameof(Rows.AuditRow.Hash)));
        }
    }

    /// <summary>Takes a row.</summary>
    public void Add(string table, JsonElement row)
    {
        switch (table)
        {
            case BackupContent.Mark:
                _mark = row[1].Deserialize<AuditMarked>(JsonSerializerOptions.Web);
                break;
            case BackupContent.Checkpoints:
                _checkpoints++;
                break;
            case Table when _mark is not null && HasColumns && row[_sequence].GetInt64() == _mark.Head.Sequence:
                _hasEnd = row[_hash].GetBytesFromBase64().AsSpan().SequenceEqual(_mark.Head.Hash);
                break;
            default:
                break;
        }
    }
}
