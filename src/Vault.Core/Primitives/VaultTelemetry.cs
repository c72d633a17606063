using System.Diagnostics;

namespace Vault.Core.Primitives;

/// <summary>
/// What the vault's own traces and metrics are called. Names and units follow OpenTelemetry's semantic conventions. No tag holds a secret, and the values
/// of a metric's tags are few: names of credentials, apps and hosts stand in traces and in the audit alone.
/// </summary>
public static class VaultTelemetry
{
    /// <summary>The name of the meter and of the source of activities.</summary>
    public const string Name = "Vault";

    /// <summary>Makes activities; none while nobody listens.</summary>
    public static ActivitySource Source { get; } = new(Name);
}
