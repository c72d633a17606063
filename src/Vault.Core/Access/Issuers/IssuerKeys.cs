using Microsoft.Extensions.Logging;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>
/// The keys of one issuer: fetched at the start and every ten minutes, and, whenever that was, when a token names a key that isn't
/// known, this once per half minute at most, and one fetch at a time. What fails changes nothing: the last good keys stay, for a day.
/// </summary>
public sealed partial class IssuerKeys(JwtIssuer issuer, JwksDownload download, TimeProvider time, ILogger<IssuerKeys> logger)
{
    /// <summary>How often they are fetched anew: so long a key that the issuer dropped may still be taken.</summary>
    public static readonly TimeSpan RefreshPace = TimeSpan.FromMinutes(10);

    /// <summary>How long it is at least from one try to the next.</summary>
    public static readonly TimeSpan RetryPace = TimeSpan.FromSeconds(30);

    /// <summary>How long they are good for when the issuer can't be reached.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private Fetched _current = new(issuer.StaticKeys ?? JwksKeys.Empty, null);
    private Task? _running;
    private long? _askedAt;

    private sealed record Fetched(JwksKeys Keys, long? At);

    /// <summary>Whose they are.</summary>
    public JwtIssuer Issuer => issuer;

    /// <summary>What is known now; empty before the first fetch, and where they became too old.</summary>
    public JwksKeys Current
    {
        get
        {
            var current = Volatile.Read(ref _current);
            return current.At is { } at && time.GetElapsedTime(at) > MaxAge ? JwksKeys.Empty : current.Keys;
        }
    }

    /// <summary>Whether the last fetch went well.</summary>
    public bool IsFresh { get; private set; } = issuer.StaticKeys is not null;

    /// <summary>Whether a fetch goes on.</summary>
    internal bool IsFetching => _running is { IsCompleted: false };

    /// <summary>Fetches them; whoever comes while it goes on waits for the same. Never throws for the issuer's sake.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) => RefreshAsync(isAsked: false, cancellationToken);

    /// <summary>The same for a key that isn't known, unless that was asked for a moment ago.</summary>
    public Task LookForNewAsync(CancellationToken cancellationToken) => RefreshAsync(isAsked: true, cancellationToken);

    private Task RefreshAsync(bool isAsked, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (issuer.StaticKeys is not null)
            {
                return Task.CompletedTask;
            }

            if (_running is not { IsCompleted: false })
            {
                if (isAsked && _askedAt is { } asked && time.GetElapsedTime(asked) < RetryPace)
                {
                    return Task.CompletedTask;
                }

                _askedAt = isAsked ? time.GetTimestamp() : _askedAt;

                // It outlasts the caller who began it: others wait for it too.
                _running = Task.Run(FetchAsync, CancellationToken.None);
            }

            return _running.WaitAsync(cancellationToken);
        }
    }

    private async Task FetchAsync()
    {
        using var limit = new CancellationTokenSource(Patience, time);
        Result<JwksKeys> fetched;
        try
        {
            fetched = await download.FetchAsync(issuer, limit.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: whatever an issuer answers, callers who wait here are refused and no more, and the next try begins anew.
            fetched = new VaultError(ErrorCodes.Internal, exception.GetType().Name);
        }

        IsFresh = fetched.IsOk;
        if (fetched.IsOk)
        {
            Volatile.Write(ref _current, new Fetched(fetched.Value, time.GetTimestamp()));
            LogFetched(logger, fetched.Value.Count, issuer.Name);
        }
        else
        {
            LogNotFetched(logger, issuer.Name, fetched.Error.Detail);
        }
    }

    [LoggerMessage(2001, LogLevel.Debug, "{Count} keys of the issuer {Issuer} were fetched.")]
    private static partial void LogFetched(ILogger logger, int count, string issuer);

    [LoggerMessage(2002, LogLevel.Warning, "The keys of the issuer {Issuer} could not be fetched; those known before stay for a day. {Reason}")]
    private static partial void LogNotFetched(ILogger logger, string issuer, string reason);
}
