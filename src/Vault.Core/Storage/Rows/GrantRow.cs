namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they hold is said in the summary and where they are mapped.

/// <summary>A grant; <see cref="Principals"/> is a JSON array of names.</summary>
public sealed class GrantRow
{
    public Guid AppId { get; set; }
    public Guid NamedCredentialId { get; set; }
    public string Principals { get; set; } = "";
    public byte[] Mac { get; set; } = [];
}
