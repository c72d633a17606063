namespace Vault.Core.Storage.PostgreSql;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary.

/// <summary>What a change was about, so that the other replicas read it anew; <see cref="Id"/> goes up in the order of commits.</summary>
public sealed class ChangeRow
{
    public long Id { get; set; }
    public string Kind { get; set; } = "";
    public string Key { get; set; } = "";
}
