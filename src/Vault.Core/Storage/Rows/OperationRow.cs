namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>Work that goes on after its request was answered, and after a restart: how far it is stands in <see cref="Stage"/> and <see cref="After"/>.</summary>
public sealed class OperationRow
{
    public Guid Id { get; set; }
    public string Kind { get; set; } = "";
    public string Status { get; set; } = "";
    public string Stage { get; set; } = "";
    public Guid? After { get; set; }
    public long Done { get; set; }
    public long Total { get; set; }
    public long Unreadable { get; set; }

    /// <summary>Counts the steps: of two processes that make the same one, one is told.</summary>
    public long Step { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public string? Detail { get; set; }
}
