using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Tokens;

/// <summary>
/// Gives tokens: from memory, else from the store, else by one sign-in for all who wait. A token is saved, sealed, before it is
/// used; a dead one is never a fallback. Safe for use by many threads; no lock is held across I/O.
/// </summary>
public sealed partial class TokenSource : ICredentialCache
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan RetiredLife = TimeSpan.FromHours(24);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TooYoung = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SignInLimit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<TokenKey, TokenSlot> _slots = new();
    private readonly ITokenStore _store;
    private readonly CredentialSets _parameters;
    private readonly TokenSealing _sealing;
    private readonly UpstreamConnections _connections;
    private readonly TimeProvider _time;
    private readonly ILogger<TokenSource> _logger;

    /// <summary>Takes what sign-ins need.</summary>
    public TokenSource(
        ITokenStore store, CredentialSets parameters, SecretSealer sealer, UpstreamConnections connections, TimeProvider time, ILogger<TokenSource> logger)
    {
        _store = store;
        _parameters = parameters;
        _sealing = new TokenSealing(sealer);
        _connections = connections;
        _time = time;
        _logger = logger;
    }

    /// <summary>A token that is good now. The caller's cancellation ends its waiting, not a sign-in that others wait for.</summary>
    public async ValueTask<Result<TokenSet>> GetAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var key = request.Key;
        var slot = Slot(key);
        Task<Result<TokenSet>> pending;
        lock (slot.Gate)
        {
            var now = _time.GetUtcNow();
            if (slot.Current is { } token && !token.IsExpired(now))
            {
                if (!slot.IsRenewing && slot.Pending is null && token.IsDue(now) && now >= slot.RetryAt)
                {
                    // Still good: it is renewed while the callouts go on with it.
                    slot.IsRenewing = true;
                    slot.Pending = Start(request, key, slot);
                }

                return token;
            }

            if (slot.Failure is { } failure && now < slot.RetryAt)
            {
                return failure;
            }

            pending = slot.Pending ??= Start(request, key, slot);
        }

        return await pending.WaitAsync(cancellationToken);
    }

    /// <summary>The upstream took the token.</summary>
    public void NoteWorked(TokenRequest request, TokenSet token)
    {
        var slot = Slot(request.Key);
        lock (slot.Gate)
        {
            slot.HasWorked |= ReferenceEquals(slot.Current, token);
        }
    }

    /// <summary>
    /// The upstream says that the token is dead. It is given up if it is still the one in use; false where a fresh one would be
    /// no better, because this one was got less than 10 seconds ago and never worked.
    /// </summary>
    public async ValueTask<bool> GiveUpAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken)
    {
        var slot = Slot(request.Key);
        var now = _time.GetUtcNow();
        lock (slot.Gate)
        {
            if (!ReferenceEquals(slot.Current, token))
            {
                // Another callout's answer was first: there is, or will be, a fresh one.
                return true;
            }

            if (!slot.HasWorked && now - token.ObtainedAt < TooYoung)
            {
                return false;
            }

            Retire(slot, token, now);
        }

        await _store.RetireAsync(token.Id, now, cancellationToken);
        return true;
    }

    /// <summary>The key's tokens of the last 24 hours, the current one included: what answers must not echo.</summary>
    public IReadOnlyList<SecretText> Known(TokenRequest request)
    {
        if (!_slots.TryGetValue(request.Key, out var slot))
        {
            return [];
        }

        lock (slot.Gate)
        {
            var since = _time.GetUtcNow() - RetiredLife;
            slot.Retired.RemoveAll(retired => retired.At < since);
            return [.. slot.Retired.Select(retired => retired.Token).Concat(slot.Current is { } current ? [current] : []).SelectMany(token => token.Values.Values)];
        }
    }

    /// <inheritdoc />
    public void Evict(Guid externalCredentialId)
    {
        _parameters.Evict(externalCredentialId);
        foreach (var key in _slots.Keys)
        {
            if (key.ExternalCredentialId == externalCredentialId && _slots.TryRemove(key, out var slot))
            {
                lock (slot.Gate)
                {
                    slot.IsEvicted = true;
                }
            }
        }
    }

    private static void Retire(TokenSlot slot, TokenSet token, DateTimeOffset now)
    {
        slot.Retired.Add((token, now));
        slot.Current = null;
        slot.HasWorked = false;
    }

    private TokenSlot Slot(TokenKey key)
    {
        if (_slots.Count > Capacity)
        {
            // Rare; the store has every token, so nothing is lost but a read.
            foreach (var old in _slots.OrderBy(entry => entry.Value.LastUsed).Take(Capacity / 10))
            {
                if (old.Value.Pending is null)
                {
                    _slots.TryRemove(old.Key, out _);
                }
            }
        }

        var slot = _slots.GetOrAdd(key, static _ => new TokenSlot());
        slot.LastUsed = _time.GetTimestamp();
        return slot;
    }

    // Off the caller's context and token: others wait for the same task. The slot's lock is held by whoever starts it.
    private Task<Result<TokenSet>> Start(TokenRequest request, TokenKey key, TokenSlot slot) => Task.Run(async () =>
    {
        Result<TokenSet> result;
        try
        {
            result = await ObtainAsync(request, key, slot);
        }
        catch (Exception exception)
        {
            // A boundary: whatever went wrong (the database, a bug), those who wait get an error and the next may try again.
            LogSignInFault(_logger, request.Credential.Definition.Name.Value, exception.GetType().Name);
            result = new VaultError(ErrorCodes.TokenRequestFailed, "The sign-in could not be completed.");
        }

        lock (slot.Gate)
        {
            slot.Pending = null;
            slot.IsRenewing = false;
            if (result.IsOk)
            {
                if (slot.Current is { } old && !ReferenceEquals(old, result.Value))
                {
                    Retire(slot, old, _time.GetUtcNow());
                }

                slot.Current = result.Value;
                slot.Failure = null;
                slot.Pause = TimeSpan.Zero;
            }
            else
            {
                slot.Pause = slot.Pause == TimeSpan.Zero ? FirstPause : slot.Pause * 2 < LongestPause ? slot.Pause * 2 : LongestPause;
                slot.RetryAt = _time.GetUtcNow() + slot.Pause;
                slot.Failure = result.Error;
            }
        }

        return result;
    });

    private async Task<Result<TokenSet>> ObtainAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        if (!slot.IsLoaded && await LoadAsync(request, key, slot) is { } stored)
        {
            return stored;
        }

        var protocol = request.Credential.Authentication.Tokens ?? throw new InvalidOperationException("This protocol has no tokens.");
        using var limit = new CancellationTokenSource(SignInLimit, _time);
        var acquired = await protocol.AcquireAsync(
            new TokenAcquisition(
                request.Credential, request.Parameters, request.NamedCredentialUrl, _connections.Invoker,
                url => request.Credential.Definition.AllowedHosts?.Any(host => host.Matches(url)) is true, _time),
            limit.Token);
        if (!acquired.IsOk)
        {
            LogSignInFailed(_logger, request.Credential.Definition.Name.Value, acquired.Error.Code, acquired.Error.Detail);
            return acquired;
        }

        if (!IsEvicted(slot))
        {
            await _store.SaveAsync(_sealing.Seal(acquired.Value, key, request.Credential.Binding), CancellationToken.None);
        }

        LogSignedIn(_logger, request.Credential.Definition.Name.Value);
        return acquired;
    }

    // The secrets may be gone for good: a token that they gave must not be left behind in the database.
    private static bool IsEvicted(TokenSlot slot)
    {
        lock (slot.Gate)
        {
            return slot.IsEvicted;
        }
    }

    private async Task<TokenSet?> LoadAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        var now = _time.GetUtcNow();
        var stored = await _store.FindAsync(key, now - RetiredLife, CancellationToken.None);
        TokenSet? current = null;
        var retired = new List<(TokenSet, DateTimeOffset)>();
        foreach (var token in stored)
        {
            if (_sealing.Open(token, request.Credential.Binding) is not { } opened)
            {
                continue;
            }

            if (token.RetiredAt is null && token.Key == key && !opened.IsExpired(now))
            {
                current = opened;
            }
            else
            {
                retired.Add((opened, token.RetiredAt ?? now));
            }
        }

        lock (slot.Gate)
        {
            slot.IsLoaded = true;
            slot.Retired.AddRange(retired);

            // It came through a restart: nobody knows any more whether it worked, but it is not new.
            slot.HasWorked = current is not null;
        }

        return current;
    }

    [LoggerMessage(4001, LogLevel.Information, "Signed in for the external credential {Credential}.")]
    private static partial void LogSignedIn(ILogger logger, string credential);

    [LoggerMessage(4002, LogLevel.Warning, "The sign-in for the external credential {Credential} failed: {Code}, {Detail}")]
    private static partial void LogSignInFailed(ILogger logger, string credential, string code, string detail);

    [LoggerMessage(4003, LogLevel.Error, "The sign-in for the external credential {Credential} could not be completed: {Fault}.")]
    private static partial void LogSignInFault(ILogger logger, string credential, string fault);
}
