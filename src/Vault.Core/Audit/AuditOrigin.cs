namespace Vault.Core.Audit;

/// <summary>Where a change comes from: the request to the admin API that is being handled, else the vault itself.</summary>
public sealed class AuditOrigin
{
    private static readonly AsyncLocal<AuditOrigin?> Ambient = new();

    /// <summary>Of the request being handled; null: the vault acts by itself.</summary>
    public static AuditOrigin? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>What is known when the request begins; its action is of a change that replaces something.</summary>
    public required AuditEvent Event { get; set; }

    /// <summary>
    /// Whether who asks would be let in still: a body may take its time, or a change wait for others, and the key be revoked meanwhile. Null: the vault asks.
    /// </summary>
    public Func<bool>? IsInForce { get; init; }

    /// <summary>The action where the change makes something new.</summary>
    public required string CreatedAction { get; init; }

    /// <summary>Whether the record is written.</summary>
    public bool IsRecorded { get; set; }
}
