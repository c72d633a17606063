namespace Vault.Core.Storage.PostgreSql;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary.

/// <summary>A process that runs on this database, and when it last said so, by the clock of the database.</summary>
public sealed class ReplicaRow
{
    public Guid Id { get; set; }
    public DateTime SeenAt { get; set; }
}
