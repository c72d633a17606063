using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Vault.Core.Access.Issuers;

/// <summary>
/// Tells who a token belongs to. A token is verified once and then known by its hash until it ends or its key is dropped:
/// callouts in a row cost one hash each. Only verified tokens are remembered, and so many at most.
/// </summary>
public sealed partial class JwtCallers
{
    private const int MostRemembered = 10_000;

    private readonly FrozenDictionary<string, JwtVerifier> _byIssuer;
    private readonly ConcurrentDictionary<TokenHash, VerifiedToken> _remembered = new();
    private readonly AccessCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger<JwtCallers> _logger;
    private int _count;

    /// <summary>Makes it for the issuers of the settings.</summary>
    public JwtCallers(IssuerOptions options, JwksDownload download, AccessCatalog catalog, TimeProvider time, ILogger<JwtCallers> logger, ILogger<IssuerKeys> keysLogger)
    {
        _byIssuer = options.Issuers.ToFrozenDictionary(
            issuer => issuer.Issuer, issuer => new JwtVerifier(new IssuerKeys(issuer, download, time, keysLogger), Reserved(options, issuer), time), StringComparer.Ordinal);
        _catalog = catalog;
        _time = time;
        _logger = logger;
    }

    /// <summary>The keys of all issuers.</summary>
    public IEnumerable<IssuerKeys> Keys => _byIssuer.Values.Select(verifier => verifier.Keys);

    /// <summary>How many tokens are remembered.</summary>
    internal int Remembered => _remembered.Count;

    /// <summary>SHA-256 of a token: the token itself is never kept.</summary>
    private readonly record struct TokenHash(ulong A, ulong B, ulong C, ulong D)
    {
        public static TokenHash Of(string token)
        {
            // Whatever isn't ASCII is no token; a replacement character can't make it one.
            Span<byte> text = stackalloc byte[JwtText.MaxLength];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(text[..Encoding.Latin1.GetBytes(token, text)], hash);
            var words = MemoryMarshal.Cast<byte, ulong>(hash);
            return new TokenHash(words[0], words[1], words[2], words[3]);
        }
    }

    /// <summary>Whether a text may be a token that anybody here could verify.</summary>
    public bool MayBe(string text) => _byIssuer.Count > 0 && JwtText.HasForm(text) && System.Text.Ascii.IsValid(text);

    /// <summary>The caller, or null; why not is told to the log only.</summary>
    /// <param name="text">What <see cref="MayBe"/> let pass.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public ValueTask<Caller?> ResolveAsync(string text, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(text);
        return _remembered.TryGetValue(hash, out var known) && known.Until > _time.GetUtcNow() && known.Keys.Current.Contains(known.Thumbprint)
            ? ValueTask.FromResult(ToCaller(known))
            : new ValueTask<Caller?>(VerifyAsync(text, hash, cancellationToken));
    }

    private static string[] Reserved(IssuerOptions options, JwtIssuer issuer) =>
        [.. options.Issuers.Select(other => other.UserPrefix).Where(prefix => prefix.Length > issuer.UserPrefix.Length && prefix.StartsWith(issuer.UserPrefix, StringComparison.Ordinal))];

    private async Task<Caller?> VerifyAsync(string text, TokenHash hash, CancellationToken cancellationToken)
    {
        if (_remembered.TryRemove(hash, out _))
        {
            Interlocked.Decrement(ref _count);
        }

        using var token = JwtText.TryParse(text);
        if (token is null)
        {
            return Refuse(TokenRefusal.Malformed);
        }

        if (token.Issuer is not { } name || !_byIssuer.TryGetValue(name, out var verifier))
        {
            return Refuse(TokenRefusal.Issuer);
        }

        VerifiedToken? verified;
        TokenRefusal refusal;
        try
        {
            (verified, refusal) = await verifier.VerifyAsync(text, token, cancellationToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            // A boundary: whatever a stranger's token makes the libraries do, it lets nobody in, and is counted and recorded like any other that is wrong.
            LogFault(_logger, exception.GetType().Name, name);
            return Refuse(TokenRefusal.Malformed, verifier.Keys.Issuer.Name);
        }

        if (verified is null)
        {
            return Refuse(refusal, verifier.Keys.Issuer.Name);
        }

        if (ToCaller(verified) is not { } caller)
        {
            return Refuse(TokenRefusal.App, verifier.Keys.Issuer.Name);
        }

        Remember(hash, verified);
        return caller;
    }

    private void Remember(TokenHash hash, VerifiedToken verified)
    {
        if (Volatile.Read(ref _count) >= MostRemembered)
        {
            // Those that ended go; if nearly all are good, so do some others: they are verified again when they come.
            var now = _time.GetUtcNow();
            var rest = MostRemembered / 10;
            foreach (var entry in _remembered)
            {
                if ((entry.Value.Until <= now || rest-- > 0) && _remembered.TryRemove(entry))
                {
                    Interlocked.Decrement(ref _count);
                }
            }
        }

        if (_remembered.TryAdd(hash, verified))
        {
            Interlocked.Increment(ref _count);
        }
    }

    // Apps come and go while a token lives.
    private Caller? ToCaller(VerifiedToken token)
    {
        if (token.Mapped.App is not { } name)
        {
            return new Caller(token.Mapped.Role, null, token.Identity);
        }

        var current = _catalog.Current;
        return current.AppIds.TryGetValue(name.Key, out var id)
            ? new Caller(VaultRole.App, id, $"{current.Apps[id].Name} ({token.Identity})", token.User)
            : null;
    }

    private Caller? Refuse(TokenRefusal refusal, string issuer = "")
    {
        LogRefused(_logger, refusal, issuer);
        return null;
    }

    [LoggerMessage(2004, LogLevel.Warning, "A token of the issuer {Issuer} could not be judged ({Fault}), and was refused.")]
    private static partial void LogFault(ILogger logger, string fault, string issuer);

    [LoggerMessage(2003, LogLevel.Debug, "A token was refused for its {Reason} (issuer {Issuer}).")]
    private static partial void LogRefused(ILogger logger, TokenRefusal reason, string issuer);
}
