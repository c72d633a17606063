using System.Diagnostics.Metrics;
using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Storage;

namespace Vault.Api.Telemetry;

/// <summary>What the vault holds now, as numbers.</summary>
internal sealed class VaultGauges
{
    /// <summary>Makes the instruments.</summary>
    public VaultGauges(IMeterFactory meters, DefinitionCatalog definitions, AccessCatalog access, IDefinitionReading reading, StorageHealth health, TimeProvider time)
    {
        var meter = meters.Create(VaultTelemetry.Name);
        meter.CreateObservableGauge(
            "vault.definitions",
            () => !reading.IsWhole ? [] : new Measurement<long>[]
            {
                Of("external_credential", definitions.Current.ExternalCredentials.Count),
                Of("named_credential", definitions.Current.NamedCredentials.Count),
                Of("app", access.Current.Apps.Count),
                Of("grant", access.Current.Grants.Count),
                Of("key", access.Current.Keys.Count),
            },
            "{definition}",
            "Definitions in force, by kind; none while they are still being read.");
        meter.CreateObservableGauge("vault.rows.refused", () => (long)health.Problems, "{row}", "Rows left out because something else than the vault wrote them; the vault isn't ready.");
        meter.CreateObservableGauge(
            "vault.keys.expiring",
            () => (long)access.Current.Keys.Values.Count(key => key.ExpiresAt is { } end && end > time.GetUtcNow() && end < time.GetUtcNow().AddDays(7)),
            "{key}",
            "Keys of apps and admins that expire within seven days.");
    }

    private static Measurement<long> Of(string kind, long count) => new(count, new KeyValuePair<string, object?>("vault.definition.kind", kind));
}
