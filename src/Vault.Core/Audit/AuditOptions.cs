using System.Globalization;
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
/// <param name="Directory">The data directory; the signed checkpoints and the mark of the end lie there.</param>
/// <param name="RetentionDays"><c>Vault:Audit:RetentionDays</c>: records older than so many days are pruned, by whole segments; null: never.</param>
public sealed record AuditOptions(AuditDurability Durability, string Directory, int? RetentionDays = null)
{
    private const int MostDays = 36_500;

    /// <summary>Whether several processes write to one audit; each keeps checkpoints of its own, from when it joined.</summary>
    public bool IsShared { get; init; }

    /// <summary>The append-only file of signed checkpoints.</summary>
    public string CheckpointPath => Path.Combine(Directory, "audit-checkpoints.jsonl");

    /// <summary>The file that says where the chain ends, written over with every commit.</summary>
    public string MarkPath => Path.Combine(Directory, "audit-head.json");

    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static AuditOptions Read(IConfiguration configuration, string dataDirectory)
    {
        var errors = new List<string>();
        AuditDurability? durability = configuration["Vault:Audit:Durability"] switch
        {
            null or "" or "beforeResponse" => AuditDurability.BeforeResponse,
            "beforeSend" => AuditDurability.BeforeSend,
            "background" => AuditDurability.Background,
            _ => null,
        };
        if (durability is null)
        {
            errors.Add("Vault:Audit:Durability must be 'beforeResponse', 'beforeSend' or 'background'.");
        }

        int? days = null;
        if (configuration["Vault:Audit:RetentionDays"] is { Length: > 0 } text)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MostDays)
            {
                days = number;
            }
            else
            {
                errors.Add($"Vault:Audit:RetentionDays must be a number of days from 1 to {MostDays}; leave it out to keep every record.");
            }
        }

        return durability is { } when && errors.Count == 0
            ? new AuditOptions(when, dataDirectory, days)
            : throw new OptionsValidationException("Vault", typeof(AuditOptions), errors);
    }
}
