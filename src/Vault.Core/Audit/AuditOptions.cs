using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Vault.Core.Audit;

/// <summary>When a callout's record is on disk.</summary>
public enum AuditDurability
{
    /// <summary>Before the first byte of the answer.</summary>
    BeforeResponse,

    /// <summary>An intent before anything is sent, then the outcome.</summary>
    BeforeSend,

    /// <summary>Soon after.</summary>
    Background,
}

/// <summary>The settings of the audit.</summary>
/// <param name="Durability"><c>Vault:Audit:Durability</c>.</param>
/// <param name="CheckpointPath">The append-only file of signed checkpoints, in the data directory.</param>
public sealed record AuditOptions(AuditDurability Durability, string CheckpointPath)
{
    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static AuditOptions Read(IConfiguration configuration, string dataDirectory)
    {
        AuditDurability? durability = configuration["Vault:Audit:Durability"] switch
        {
            null or "" or "beforeResponse" => AuditDurability.BeforeResponse,
            "beforeSend" => AuditDurability.BeforeSend,
            "background" => AuditDurability.Background,
            _ => null,
        };
        return new AuditOptions(
            durability ?? throw new OptionsValidationException(
                "Vault", typeof(AuditOptions), ["Vault:Audit:Durability must be 'beforeResponse', 'beforeSend' or 'background'."]),
            Path.Combine(dataDirectory, "audit-checkpoints.jsonl"));
    }
}
