using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>
/// Puts values in the place of references, as parameters are loaded. They are sealed anew in memory and never stored; each reference is asked for once
/// for all who use it. What a parameter's reference led to in the last 24 hours is remembered, so that echoes of it are redacted.
/// </summary>
public sealed partial class ReferencedParameters(SecretSources sources, SecretSealer sealer, IntegrityKey integrity, TimeProvider time, ILogger<ReferencedParameters> logger) : IDisposable
{
    private const int MostRemembered = 20_000;
    private const int MostOfOne = 10;
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(24);

    // The same answer for a while, so that a source that is down isn't asked by every callout.
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SecretReference, Lazy<Task<Answer>>> _answers = new();
    private readonly MemoryCache _seen = new(new MemoryCacheOptions { SizeLimit = MostRemembered });
    private readonly Lock _gate = new();

    /// <summary>What a source said, and when (a timestamp); a value is sealed to this place in memory alone.</summary>
    private sealed record Answer(byte[]? Sealed, string? Fingerprint, VaultError? Failure, long At);

    /// <summary>A value that a parameter's reference led to, and when that was last so.</summary>
    private sealed record Seen(byte[] Sealed, string Fingerprint, DateTimeOffset At);

    /// <summary>What became of the parameters.</summary>
    /// <param name="Parameters">With values in the place of references.</param>
    /// <param name="Failures">Why a reference, by its parameter's row, could not be followed.</param>
    /// <param name="UsableFor">How long all of that may be used from now on; null: it holds no reference.</param>
    public sealed record Resolved(IReadOnlyList<SealedParameter> Parameters, IReadOnlyDictionary<Guid, VaultError> Failures, TimeSpan? UsableFor)
    {
        /// <summary>Nothing to follow.</summary>
        public static Resolved As(IReadOnlyList<SealedParameter> parameters) => new(parameters, ImmutableDictionary<Guid, VaultError>.Empty, null);
    }

    /// <summary>Follows every reference.</summary>
    /// <param name="parameters">As they are stored.</param>
    /// <param name="place">Where a parameter is sealed to.</param>
    /// <param name="maxAge">How old an answer may be; null: as old as its source allows.</param>
    public async Task<Resolved> FollowAsync(IReadOnlyList<SealedParameter> parameters, Func<SealedParameter, SealPlace> place, TimeSpan? maxAge = null)
    {
        if (sources.IsEmpty)
        {
            return Resolved.As(parameters);
        }

        var opened = parameters.Select(parameter => (Parameter: parameter, Reference: Read(parameter, place))).ToArray();
        var answers = new Dictionary<SecretReference, Task<Answer>>();
        foreach (var (_, reference) in opened.Where(one => one is { Reference: not null, Parameter.RetiredAt: null }))
        {
            // All at once: each is a request.
            if (!answers.ContainsKey(reference!))
            {
                answers.Add(reference!, AskAsync(reference!, maxAge));
            }
        }

        var all = new List<SealedParameter>(parameters.Count);
        var failures = new Dictionary<Guid, VaultError>();
        TimeSpan? left = null;
        foreach (var (parameter, reference) in opened)
        {
            if (reference is null)
            {
                all.Add(parameter);
                continue;
            }

            string? current = null;
            if (parameter.RetiredAt is null)
            {
                var answer = await answers[reference];
                var rest = LifeOf(reference, answer) - time.GetElapsedTime(answer.At);
                left = left < rest ? left : rest;
                if (answer.Failure is { } failure)
                {
                    failures[parameter.Id] = failure;

                    // Tokens that were got with the last value are still theirs.
                    all.Add(parameter with { Fingerprint = SeenOf(parameter).FirstOrDefault()?.Fingerprint });
                }
                else
                {
                    current = answer.Fingerprint;
                    Remember(parameter, answer);
                    all.Add(parameter with { Sealed = SealTo(place(parameter), answer.Sealed!), Fingerprint = current });
                }
            }

            // What it led to before counts as replaced.
            all.AddRange(Earlier(parameter, current, place));
        }

        return new Resolved(all, failures, left);
    }

    /// <inheritdoc />
    public void Dispose() => _seen.Dispose();

    private Task<Answer> AskAsync(SecretReference reference, TimeSpan? maxAge)
    {
        var known = _answers.GetValueOrDefault(reference);
        if (known is not null && IsUsable(reference, known, maxAge))
        {
            return known.Value;
        }

        var fresh = new Lazy<Task<Answer>>(() => GetAsync(reference));
        if (known is null ? _answers.TryAdd(reference, fresh) : _answers.TryUpdate(reference, fresh, known))
        {
            Prune();
            return fresh.Value;
        }

        return (_answers.GetValueOrDefault(reference) ?? fresh).Value;
    }

    private bool IsUsable(SecretReference reference, Lazy<Task<Answer>> known, TimeSpan? maxAge)
    {
        if (!known.IsValueCreated || !known.Value.IsCompletedSuccessfully)
        {
            return !known.IsValueCreated || !known.Value.IsCompleted;
        }

        var (answer, age) = (known.Value.Result, time.GetElapsedTime(known.Value.Result.At));
        return age < LifeOf(reference, answer) && (maxAge is null || age < maxAge);
    }

    private TimeSpan LifeOf(SecretReference reference, Answer answer) => answer.Failure is null ? sources.CachedFor(reference.Source) : FailureLife;

    // References that nobody follows any more would stay, else; they are few, as admins write each.
    private void Prune()
    {
        if (_answers.Count <= MostRemembered)
        {
            return;
        }

        foreach (var (reference, answer) in _answers.Where(one => !IsUsable(one.Key, one.Value, null)))
        {
            _answers.TryRemove(KeyValuePair.Create(reference, answer));
        }
    }

    private async Task<Answer> GetAsync(SecretReference reference)
    {
        var got = await sources.GetAsync(reference);
        if (!got.IsOk)
        {
            LogFailed(logger, reference.Source, reference.Secret, got.Error.Detail);
            return new Answer(null, null, got.Error, time.GetTimestamp());
        }

        using var value = got.Value;
        var fingerprint = Convert.ToHexStringLower(integrity.Mac(CryptographicLabels.ReferencedValue, [value.RevealUtf8().ToArray()]).AsSpan(0, 16));
        return new Answer(sealer.Seal(InMemory, value.RevealUtf8()), fingerprint, null, time.GetTimestamp());
    }

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

    // Where a parameter belongs changes with its external credential's settings; what is remembered outlives that.
    private byte[] SealTo(SealPlace place, byte[] remembered)
    {
        using var value = sealer.Open(InMemory, remembered).Value ?? throw new InvalidOperationException("What was sealed in memory can't be opened.");
        return sealer.Seal(place, value.RevealUtf8());
    }

    private static SealPlace InMemory { get; } = new("reference", Guid.NewGuid(), Guid.Empty, Guid.Empty, "", "", 0, ReadOnlyMemory<byte>.Empty);

    private ImmutableList<Seen> SeenOf(SealedParameter parameter) => _seen.Get<ImmutableList<Seen>>(parameter.Id) ?? [];

    private void Remember(SealedParameter parameter, Answer answer)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            // The one before was in use until now.
            var seen = SeenOf(parameter);
            seen = seen is [var head, ..] && head.Fingerprint != answer.Fingerprint ? seen.SetItem(0, head with { At = now }) : seen;
            seen = seen.RemoveAll(one => one.Fingerprint == answer.Fingerprint).Insert(0, new Seen(answer.Sealed!, answer.Fingerprint!, now));
            _seen.Set(
                parameter.Id, seen.Count > MostOfOne ? seen.RemoveRange(MostOfOne, seen.Count - MostOfOne) : seen,
                new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = 2 * Remembered });
        }
    }

    private IEnumerable<SealedParameter> Earlier(SealedParameter parameter, string? current, Func<SealedParameter, SealPlace> place)
    {
        var since = time.GetUtcNow() - Remembered;
        var seen = SeenOf(parameter);
        for (var i = 0; i < seen.Count; i++)
        {
            // The last one of a parameter that was replaced was in use until that.
            var at = i == 0 && parameter.RetiredAt > seen[i].At ? parameter.RetiredAt.Value : seen[i].At;
            if (seen[i].Fingerprint != current && (at > since || (i == 0 && parameter.RetiredAt is null)))
            {
                yield return parameter with { Sealed = SealTo(place(parameter), seen[i].Sealed), Fingerprint = seen[i].Fingerprint, RetiredAt = at };
            }
        }
    }

    [LoggerMessage(4301, LogLevel.Warning, "The secret source {Source} could not give {Secret}: {Problem}")]
    private static partial void LogFailed(ILogger logger, string source, string secret, string problem);
}
