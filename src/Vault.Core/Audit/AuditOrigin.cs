using Vault.Core.Access;

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

    /// <summary>Who makes the change, judged once more when it is made; null: the vault.</summary>
    public Caller? Caller { get; init; }

    /// <summary>The action where the change makes something new.</summary>
    public required string CreatedAction { get; init; }

    /// <summary>Whether the record is written.</summary>
    public bool IsRecorded { get; set; }
}
