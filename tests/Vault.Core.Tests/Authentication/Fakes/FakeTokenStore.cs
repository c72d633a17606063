using System.Collections.Concurrent;
using Vault.Core.Authentication.Tokens;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>Tokens in memory, kept as the database keeps them.</summary>
internal sealed class FakeTokenStore : ITokenStore
{
    private readonly ConcurrentDictionary<Guid, StoredToken> _tokens = new();

    public IReadOnlyList<StoredToken> Tokens => [.. _tokens.Values];

    public Exception? SaveFault { get; set; }

    /// <summary>Holds back the next token that is saved, once it is reached.</summary>
    public (TaskCompletionSource Reached, TaskCompletionSource Gate)? SaveHold { get; set; }

    /// <summary>Holds back the next reading, once it is reached.</summary>
    public (TaskCompletionSource Reached, TaskCompletionSource Gate)? FindHold { get; set; }

    /// <summary>What giving up a token comes to; null: it goes well.</summary>
    public Exception? EndFault { get; set; }

    /// <summary>Whether the secrets that tokens were got with are in use no more.</summary>
    public bool AreSecretsGone { get; set; }

    public void Put(StoredToken token) => _tokens[token.Id] = token;

    public async Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken)
    {
        if (FindHold is { } hold)
        {
            FindHold = null;
            hold.Reached.SetResult();
            await hold.Gate.Task;
        }

        return [.. _tokens.Values.Where(token => IsOf(token, key) && (token.RetiredAt is null || token.RetiredAt >= retiredSince))];
    }

    /// <summary>Of the external credential; null: the one that is asked for.</summary>
    public long? Version { get; set; }

    /// <summary>Whether what was asked for is closed.</summary>
    public bool AreConsentRequestsClosed { get; set; }

    public async Task<ClaimOutcome> SaveAsync(StoredToken token, Guid consentRequest, long version, CancellationToken cancellationToken)
    {
        await BeginAsync();
        return AreConsentRequestsClosed ? ClaimOutcome.Refused : Write(token, version);
    }

    public async Task<ClaimOutcome> SaveAsync(StoredToken token, TokenClaim claim, CancellationToken cancellationToken)
    {
        await BeginAsync();
        var inUse = _tokens.Values.Where(old => old.Key == token.Key && old.RetiredAt is null).Select(old => old.Id).ToList();
        return AreSecretsGone || (claim.Lease is { } lease && !await lease.RenewAsync(cancellationToken)) || inUse.Exists(id => !claim.Seen.Contains(id)) || (claim.Predecessor is { } id && !inUse.Contains(id))
            ? ClaimOutcome.Refused
            : Write(token, claim.Version);
    }

    /// <summary>How often a token was out of date.</summary>
    public int OutOfDate { get; private set; }

    public void Remove(Guid tokenId) => _tokens.TryRemove(tokenId, out _);

    // As the database lets one transaction in after the other.
    private async Task BeginAsync()
    {
        if (SaveHold is { } hold)
        {
            SaveHold = null;
            hold.Reached.SetResult();
            await hold.Gate.Task;
        }

        if (SaveFault is not null)
        {
            throw SaveFault;
        }
    }

    private ClaimOutcome Write(StoredToken token, long? version)
    {
        if (version is not null && Version is not null && version != Version)
        {
            OutOfDate++;
            return ClaimOutcome.OutOfDate;
        }

        foreach (var old in _tokens.Values.Where(old => IsOf(old, token.Key) && old.RetiredAt is null))
        {
            _tokens[old.Id] = old with { RetiredAt = token.ObtainedAt };
        }

        _tokens[token.Id] = token;
        return ClaimOutcome.Saved;
    }

    public Task RetireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (EndFault is not null)
        {
            throw EndFault;
        }

        _tokens[tokenId] = _tokens[tokenId] with { RetiredAt = at };
        return Task.CompletedTask;
    }

    public Task ExpireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (EndFault is not null)
        {
            throw EndFault;
        }

        _tokens[tokenId] = _tokens[tokenId] with { ExpiresAt = at };
        return Task.CompletedTask;
    }

    public Task EndRenewalAsync(Guid tokenId, CancellationToken cancellationToken)
    {
        if (EndFault is not null)
        {
            throw EndFault;
        }

        _tokens[tokenId] = _tokens[tokenId] with { IsRenewable = _tokens[tokenId].IsRenewable && _tokens[tokenId].RetiredAt is not null };
        return Task.CompletedTask;
    }

    public bool IsUnavailable(Exception exception) => exception is TimeoutException;

    private static bool IsOf(StoredToken token, TokenKey key) => token.Key with { Stamp = "" } == key with { Stamp = "" };
}
