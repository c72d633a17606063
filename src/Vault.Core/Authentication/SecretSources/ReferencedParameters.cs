using System.Collections.Immutable;
using Microsoft.Extensions.Caching.Memory;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>
/// Puts values in the place of references, as parameters are loaded. They are sealed anew in memory, to the same place, and never stored. What a
/// reference led to in the last 24 hours is remembered, so that echoes of it are redacted.
/// </summary>
public sealed class ReferencedParameters(SecretSources sources, SecretSealer sealer, IntegrityKey integrity, TimeProvider time) : IDisposable
{
    private const int MostRemembered = 20_000;
    private const int MostOfOne = 10;
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(24);

    // The same answer for a while, so that a source that is down isn't asked by every callout.
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(5);

    private readonly MemoryCache _seen = new(new MemoryCacheOptions { SizeLimit = MostRemembered });

    /// <summary>A value that a reference led to, sealed, and when that was last so.</summary>
    private sealed record Seen(byte[] Sealed, string Fingerprint, DateTimeOffset At);

    /// <summary>What became of the parameters.</summary>
    /// <param name="Parameters">With values in the place of references.</param>
    /// <param name="Failures">Why a reference, by its parameter's row, could not be followed.</param>
    /// <param name="Life">How long all of that may be used; null: it holds no reference.</param>
    public sealed record Resolved(IReadOnlyList<SealedParameter> Parameters, IReadOnlyDictionary<Guid, VaultError> Failures, TimeSpan? Life)
    {
        /// <summary>Nothing to follow.</summary>
        public static Resolved As(IReadOnlyList<SealedParameter> parameters) => new(parameters, ImmutableDictionary<Guid, VaultError>.Empty, null);
    }

    /// <summary>Follows every reference.</summary>
    /// <param name="parameters">As they are stored.</param>
    /// <param name="place">Where a parameter is sealed to.</param>
    /// <param name="cancellationToken">Of the load.</param>
    public async Task<Resolved> FollowAsync(IReadOnlyList<SealedParameter> parameters, Func<SealedParameter, SealPlace> place, CancellationToken cancellationToken)
    {
        if (sources.IsEmpty)
        {
            return Resolved.As(parameters);
        }

        var all = new List<SealedParameter>(parameters.Count);
        var failures = new Dictionary<Guid, VaultError>();
        TimeSpan? life = null;
        var asked = new Dictionary<SecretReference, Task<(Result<SecretText> Value, TimeSpan Cached)>>();
        var opened = parameters.Select(parameter => (Parameter: parameter, Reference: Read(parameter, place))).ToArray();
        foreach (var (_, reference) in opened.Where(one => one is { Reference: not null, Parameter.RetiredAt: null }))
        {
            // All at once: each is a request.
            asked.TryAdd(reference!, asked.TryGetValue(reference!, out var same) ? same : sources.GetAsync(reference!, cancellationToken));
        }

        foreach (var (parameter, reference) in opened)
        {
            if (reference is null)
            {
                all.Add(parameter);
                continue;
            }

            if (parameter.RetiredAt is null)
            {
                var (value, cached) = await asked[reference];
                cached = value.IsOk ? cached : FailureLife;
                life = life < cached ? life : cached;
                if (value.IsOk)
                {
                    all.Add(Remember(parameter, place(parameter), value.Value));
                }
                else
                {
                    all.Add(parameter);
                    failures[parameter.Id] = value.Error;
                }
            }

            // What it led to before counts as replaced.
            all.AddRange(Earlier(parameter).Skip(parameter.RetiredAt is null && !failures.ContainsKey(parameter.Id) ? 1 : 0));
        }

        return new Resolved(all, failures, life);
    }

    /// <inheritdoc />
    public void Dispose() => _seen.Dispose();

    private SecretReference? Read(SealedParameter parameter, Func<SealedParameter, SealPlace> place)
    {
        var opened = sealer.Open(place(parameter), parameter.Sealed);
        if (!opened.IsOk)
        {
            // Whoever uses it meets the same fault.
            return null;
        }

        using var secret = opened.Value;
        return SecretReference.TryRead(secret.RevealUtf8());
    }

    private SealedParameter Remember(SealedParameter parameter, SealPlace place, SecretText value)
    {
        var fingerprint = Convert.ToHexStringLower(integrity.Mac(CryptographicLabels.ReferencedValue, [value.RevealUtf8().ToArray()]).AsSpan(0, 16));
        var seen = _seen.Get<ImmutableList<Seen>>(parameter.Id) ?? [];
        var now = time.GetUtcNow();
        var same = seen.Find(one => one.Fingerprint == fingerprint);
        var current = same is null ? new Seen(sealer.Seal(place, value.RevealUtf8()), fingerprint, now) : same with { At = now };
        seen = (same is null ? seen : seen.Remove(same)).Insert(0, current);
        _seen.Set(
            parameter.Id, seen.Count > MostOfOne ? seen.RemoveRange(MostOfOne, seen.Count - MostOfOne) : seen,
            new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = Remembered });
        return parameter with { Sealed = current.Sealed, Fingerprint = fingerprint };
    }

    private IEnumerable<SealedParameter> Earlier(SealedParameter parameter) =>
        (_seen.Get<ImmutableList<Seen>>(parameter.Id) ?? [])
            .Where(one => one.At > time.GetUtcNow() - Remembered)
            .Select(one => parameter with { Sealed = one.Sealed, Fingerprint = one.Fingerprint, RetiredAt = one.At });
}
