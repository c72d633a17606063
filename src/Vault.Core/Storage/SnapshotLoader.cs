using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Storage;

/// <summary>
/// Reads everything that callouts are decided by into memory: who may enter at once, definitions and grants for as long as a start may take, and
/// behind it from then on. A row that isn't authentic is left out, and the vault isn't ready.
/// </summary>
public sealed partial class SnapshotLoader : IDefinitionReading, IDisposable
{
    // From so many rows on, what reading them left behind is given back at once: nobody else would for hours.
    private const int Many = 10_000;
    private const int AtOnce = 64;
    private const int MostBrought = 8;
    private const int MostOfAnApp = 2;
    private const int MostFaults = 10;

    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBringing = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(30);
    private static readonly VaultError NotYet = new(ErrorCodes.StorageUnavailable, "The vault is still reading its definitions. Try again.") { RetryAfter = TimeSpan.FromSeconds(5) };
    private static readonly VaultError Away = new(ErrorCodes.StorageUnavailable, "The vault is still reading its definitions, and the database could not be asked for this one. Try again.") { RetryAfter = Pause };

    private readonly StartRows _rows;
    private readonly TimeProvider _time;
    private readonly ILogger<SnapshotLoader> _logger;
    private readonly AuthenticRows _authentic;
    private readonly ReadingState _state;
    private readonly ChangedRows _changed;
    private readonly SemaphoreSlim _bringing = new(MostBrought, MostBrought);
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _bringingOfApps = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Reads nothing yet.</summary>
    public SnapshotLoader(
        StartRows rows, DefinitionCodec definitionCodec, AccessCodec accessCodec, DefinitionCatalog definitions, AccessCatalog access,
        RowFaults faults, TimeProvider time, ILogger<SnapshotLoader> logger)
    {
        _rows = rows;
        _time = time;
        _logger = logger;
        _authentic = new AuthenticRows(definitionCodec, accessCodec, faults);
        _state = new ReadingState(definitions, access);
        _changed = new ChangedRows(rows, _authentic, _state, definitions, access);
    }

    /// <inheritdoc />
    public bool IsWhole => _state.IsWhole;

    /// <inheritdoc />
    public int Exposures => _state.Exposures;

    /// <inheritdoc />
    public bool IsSettled => _state.Reading is null;

    /// <summary>Loads and puts in force. Where that takes longer than a second, it goes on behind the caller.</summary>
    /// <param name="isKnown">Whether what is in force now, with the changes that are told of, is what there is: then it stays so until all is read, which nobody waits for. If not, what isn't read yet is asked for by who needs it.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task LoadAsync(bool isKnown, CancellationToken cancellationToken)
    {
        // 1 Who may enter.
        var apps = _authentic.Read(await _rows.AppsAsync(cancellationToken));
        var keys = _authentic.Read(await _rows.KeysAsync(cancellationToken));
        var reading = _state.Begin(current => new AccessSnapshot(
            apps.ToImmutableDictionary(app => app.Id), apps.ToImmutableDictionary(app => app.Name.Key, app => app.Id), keys.ToImmutableDictionary(key => key.Id), current.Grants));

        // 2 What they may use.
        var all = Task.Run(() => ReadAsync(reading), CancellationToken.None);
        if (!isKnown)
        {
            await Task.WhenAny(all, Task.Delay(LongestStart, _time, cancellationToken));
        }

        if (all.IsCompletedSuccessfully)
        {
            if (await all > Many)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }

            return;
        }

        if ((all.IsCompleted || cancellationToken.IsCancellationRequested) && _state.TryDrop(reading))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await all;
        }

        // 3 All else, behind.
        if (!isKnown)
        {
            _state.PutInForce(reading);
            LogBehind(_logger);
        }

        _ = GoOnAsync(reading, all);
    }

    /// <summary>Reads what another replica changed, and puts it in force.</summary>
    public Task ReloadAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken) => _changed.ReloadAsync(changes, cancellationToken);

    /// <inheritdoc />
    public ValueTask<VaultError?> WholeAsync(CancellationToken cancellationToken) =>
        IsWhole ? ValueTask.FromResult<VaultError?>(null) : WaitAsync(static reading => reading.IsInForce, cancellationToken);

    /// <inheritdoc />
    public ValueTask<VaultError?> SettledAsync(CancellationToken cancellationToken) =>
        IsSettled ? ValueTask.FromResult<VaultError?>(null) : WaitAsync(static _ => true, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<VaultError?> BringAsync(DeveloperName namedCredential, Guid app, CancellationToken cancellationToken)
    {
        // One limit for all of it. Of one app, two at most, so that it can't keep the others from theirs.
        using var limit = new CancellationTokenSource(LongestBringing, _time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var ofApp = _bringingOfApps.GetOrAdd(app, static _ => new SemaphoreSlim(MostOfAnApp, MostOfAnApp));
        try
        {
            await ofApp.WaitAsync(until.Token);
            try
            {
                await _bringing.WaitAsync(until.Token);
                try
                {
                    return await BringAsync(namedCredential.Key, app, until.Token);
                }
                finally
                {
                    _bringing.Release();
                }
            }
            finally
            {
                ofApp.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Away;
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            return Away;
        }
    }

    /// <summary>Ends what goes on.</summary>
    public void Dispose()
    {
        // The rest isn't disposed of: somebody may just be using it, and nothing but memory is in it.
        _stopping.Cancel();
    }

    private async Task<VaultError?> BringAsync(string key, Guid app, CancellationToken cancellationToken)
    {
        while (_state.Reading is { IsInForce: true } reading && !reading.Has(key, app))
        {
            var isThere = await _rows.OfCalloutAsync(key, app, cancellationToken) is { } found
                && _authentic.Read(found.Named) is { } named && _authentic.Read(found.External) is { } external && _authentic.Read(found.Grant) is { } grant
                ? (named, external, grant)
                : ((NamedCredential, ExternalCredential, Grant)?)null;

            // What was read before another reading began may be older than what that one counts on.
            if (_state.TryAdd(reading, into => Add(into, isThere)))
            {
                // It may not fit what is known already: the feed of changes will tell.
                return isThere is null || reading.Has(key, app) ? null : Away;
            }
        }

        return null;
    }

    private static void Add(SnapshotReading into, (NamedCredential Named, ExternalCredential External, Grant Grant)? found)
    {
        if (found is { } there)
        {
            into.Add(there.External);
            into.Add(there.Named);
            into.Add(there.Grant);
        }
    }

    private async ValueTask<VaultError?> WaitAsync(Func<SnapshotReading, bool> isInTheWay, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (_state.Reading is { } reading && isInTheWay(reading))
        {
            var left = Patience - _time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return NotYet;
            }

            await reading.Ended.WaitAsync(left, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return null;
    }

    // Until it is done, or another one has taken its place: a database that goes away meanwhile comes back.
    private async Task GoOnAsync(SnapshotReading reading, Task<int> all)
    {
        for (var faults = 1; ; faults++, all = Task.Run(() => ReadAsync(reading), CancellationToken.None))
        {
            var isLasting = faults % MostFaults == 0;
            try
            {
                if (await all > Many)
                {
                    // Callouts go on meanwhile.
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
                }

                LogAll(_logger);
                return;
            }
            catch (Exception) when (reading.Ended.IsCompleted || _stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (StorageFaults.IsUnavailable(exception) && !isLasting)
            {
                if (faults == 1)
                {
                    LogInterrupted(_logger, exception.GetType().Name);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // A boundary: without this loop the vault would go on with a part of what it needs. Nobody knows what it is, so it may not go away by itself.
                isLasting = true;
                LogFailed(_logger, exception.GetType().Name);
            }

            await Task.Delay(isLasting ? LongPause : Pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // On two connections at once. Grants after named credentials: what was granted of one that is deleted in between is then known to be over.
    private async Task<int> ReadAsync(SnapshotReading reading)
    {
        await Task.WhenAll(
            AddAsync(reading, _rows.ExternalCredentialsAsync(_stopping.Token), _authentic.Read, static (into, credential) => into.Add(credential)),
            NamedCredentialsAndGrantsAsync());
        var count = reading.Definitions.ExternalCredentials.Count + reading.Definitions.NamedCredentials.Count + reading.Grants.Count;
        _state.Complete(reading);
        return count;

        async Task NamedCredentialsAndGrantsAsync()
        {
            await AddAsync(reading, _rows.NamedCredentialsAsync(_stopping.Token), _authentic.Read, static (into, credential) => into.Add(credential));
            await AddAsync(reading, _rows.GrantsAsync(_stopping.Token), _authentic.Read, static (into, grant) => into.Add(grant));
        }
    }

    /// <summary>On half of the processors, since two tables are read at once: to authenticate and parse a row takes longer than to read it.</summary>
    private Task AddAsync<TRow, T>(SnapshotReading reading, IAsyncEnumerable<TRow> stored, Func<TRow, T?> read, Action<SnapshotReading, T> add)
        where T : class
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount / 2), CancellationToken = _stopping.Token };
        return Parallel.ForEachAsync(stored.Chunk(AtOnce), options, async (some, _) =>
        {
            // Callouts that wait for a thread come first.
            await Task.Yield();
            var kept = new List<T>(some.Length);
            foreach (var row in some)
            {
                if (read(row) is { } value)
                {
                    kept.Add(value);
                }
            }

            if (!_state.TryAdd(reading, into => kept.ForEach(value => add(into, value))))
            {
                throw new OperationCanceledException("Another reading has taken its place.");
            }
        });
    }

    [LoggerMessage(3011, LogLevel.Information, "There are many definitions and grants: they are read behind the start. Until then, callouts that need what isn't read yet ask the database for it.")]
    private static partial void LogBehind(ILogger logger);

    [LoggerMessage(3012, LogLevel.Information, "All definitions and grants are read.")]
    private static partial void LogAll(ILogger logger);

    [LoggerMessage(3014, LogLevel.Error, "The definitions and grants can't all be read: {Fault}. It is tried again every thirty seconds; until then nothing can be changed.")]
    private static partial void LogFailed(ILogger logger, string fault);

    [LoggerMessage(3013, LogLevel.Warning, "Reading the definitions and grants was interrupted: {Fault}. It is tried again.")]
    private static partial void LogInterrupted(ILogger logger, string fault);
}
