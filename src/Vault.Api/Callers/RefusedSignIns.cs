using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Vault.Core.Access;
using Vault.Core.Audit;
using Vault.Core.Primitives;

namespace Vault.Api.Callers;

/// <summary>
/// Keeps a flood of wrong keys from filling the audit: the first refusals of an address have a record each, the others are
/// counted, and every minute one record per address says how many they were.
/// </summary>
internal sealed class RefusedSignIns(SignInLimits limits, AuditLog log, TimeProvider time) : BackgroundService
{
    private const int MostAddresses = 1_000;
    private readonly Lock _gate = new();
    private Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Whether a refusal may have a record of its own; else it is counted.</summary>
    public bool MayRecord(IPAddress? address)
    {
        if (limits.MayRecord(address))
        {
            return true;
        }

        // Of very many addresses the late ones are counted together.
        var origin = SignInLimits.Origin(address) is { } known ? known + (known.AddressFamily is AddressFamily.InterNetworkV6 ? "/64" : "") : "";
        lock (_gate)
        {
            var key = _counts.ContainsKey(origin) || _counts.Count < MostAddresses ? origin : "";
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }

        return false;
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Tell();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SignInLimits.Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Tell();
        }
    }

    private void Tell()
    {
        Dictionary<string, long> counts;
        lock (_gate)
        {
            (counts, _counts) = (_counts, new(StringComparer.Ordinal));
        }

        foreach (var (origin, count) in counts)
        {
            log.Note(new AuditEvent(
                Guid.CreateVersion7().ToString("N"), time.GetUtcNow(), "anonymous", "signin.denied", string.Create(CultureInfo.InvariantCulture, $"{count} more"), AuditOutcomes.Denied)
            {
                RemoteAddress = origin.Length == 0 ? null : origin,
                Code = ErrorCodes.Unauthenticated,
            });
        }
    }
}
