namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A record of the audit; only ever added.</summary>
public sealed class AuditRow
{
    public long Sequence { get; set; }
    public int Segment { get; set; }
    public string Id { get; set; } = "";
    public DateTimeOffset At { get; set; }
    public string Actor { get; set; } = "";
    public string Action { get; set; } = "";
    public string Target { get; set; } = "";
    public string Outcome { get; set; } = "";
    public string? Principal { get; set; }
    public string? User { get; set; }
    public string? Method { get; set; }
    public string? Host { get; set; }
    public string? Path { get; set; }
    public int? Status { get; set; }
    public double? DurationMs { get; set; }
    public long? BytesIn { get; set; }
    public long? BytesOut { get; set; }
    public string? RemoteAddress { get; set; }
    public string? Code { get; set; }
    public string? TraceId { get; set; }
    public byte[] Previous { get; set; } = [];
    public byte[] Hash { get; set; } = [];
    public byte[] Mac { get; set; } = [];
}
