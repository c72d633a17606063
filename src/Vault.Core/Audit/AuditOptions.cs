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
    private const int MostSpoolSeconds = 86_400;
    private const int MostSpoolMegabytes = 65_536;

    /// <summary>Whether several processes write to one audit; each keeps checkpoints of its own, from when it joined.</summary>
    public bool IsShared { get; init; }

    /// <summary><c>Vault:Audit:Spool</c>: a directory on local disk that keeps records while the database is away.</summary>
    /// <value>None by default: callouts are refused then.</value>
    public string? SpoolDirectory { get; init; }

    /// <summary><c>Vault:Audit:SpoolSeconds</c>: so long callouts go on without the database, by what this process knows.</summary>
    /// <value>900 by default.</value>
    public int SpoolSeconds { get; init; } = 900;

    /// <summary><c>Vault:Audit:SpoolMegabytes</c>: so large the spool may grow.</summary>
    /// <value>256 by default.</value>
    public int SpoolMegabytes { get; init; } = 256;

    /// <summary>The file that says how much is in the spool; not in the spool's own directory.</summary>
    public string SpoolMarkPath => Path.Combine(Directory, "audit-spool.json");

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

        var days = Number("RetentionDays", 1, MostDays, "days", "leave it out to keep every record");
        var seconds = Number("SpoolSeconds", 1, MostSpoolSeconds, "seconds", "leave it out for 15 minutes");
        var megabytes = Number("SpoolMegabytes", 2, MostSpoolMegabytes, "megabytes", "leave it out for 256");
        return durability is { } when && errors.Count == 0
            ? new AuditOptions(when, dataDirectory, days)
            {
                SpoolDirectory = configuration["Vault:Audit:Spool"] is { Length: > 0 } spool ? spool : null,
                SpoolSeconds = seconds ?? 900,
                SpoolMegabytes = megabytes ?? 256,
            }
            : throw new OptionsValidationException("Vault", typeof(AuditOptions), errors);

        int? Number(string name, int least, int most, string unit, string otherwise)
        {
            if (configuration["Vault:Audit:" + name] is not { Length: > 0 } text)
            {
                return null;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            errors.Add($"Vault:Audit:{name} must be a number of {unit} from {least} to {most}; {otherwise}.");
            return null;
        }
    }
}
