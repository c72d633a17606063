using System.Collections.Concurrent;
using System.Security.Cryptography;
using Vault.Core.Authentication.Signing;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>
/// Answers the upstream's challenge: at first when it comes, by a second sending, then ahead of it with the nonce that is known,
/// until that is stale.
/// </summary>
internal sealed class BoundDigest : BoundProtocol, IRequestSigning
{
    private const int Capacity = 1000;
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private volatile bool _needsBody;

    public override IReadOnlyList<string> ProtocolParameters { get; } = ["Username", "Password"];

    public override IRequestSigning Signing => this;

    public bool NeedsToken => false;

    // Known once a server asked for it; before that, the replay holds the body anyway.
    public BodyNeed NeedOf(string? contentType) => _needsBody ? BodyNeed.IfSmall : BodyNeed.None;

    public Result<RequestInjection> Sign(RequestToSign request)
    {
        // The second sending answers its own challenge: another callout's may have come, and been spent, meanwhile.
        var use = request.Challenge is Known own ? own.Next() : _known.TryGetValue(KeyOf(request), out var known) ? known.Ahead() : null;
        if (use is null)
        {
            return RequestInjection.None;
        }

        if (use.Challenge.Qop == "auth-int" && request.Body is null)
        {
            return new VaultError(ErrorCodes.BodyTooLarge, "The upstream wants the body in the digest (auth-int), and it is larger than the 1 MiB that can be held.");
        }

        var username = request.Parameters.Open("Username");
        var password = request.Parameters.Open("Password");
        if ((username.Error ?? password.Error) is { } missing)
        {
            return missing;
        }

        var (header, response) = DigestAnswer.Make(
            use.Challenge, username.Value!.Reveal(), password.Value!.Reveal(), request.Method, TargetOf(request.Uri),
            request.Body is { } body ? body.Span : default, use.Count, use.SessionNonce ?? request.Nonce);
        request.NoteSecret(response);
        return new RequestInjection([new InjectedValue("Authorization", header, IsSecret: true) { IsBytes = true }], [], []);
    }

    public object? TakeChallenge(RequestToSign request, int status, IReadOnlyList<string> challenges, bool canAnswer)
    {
        var key = KeyOf(request);
        if (status != 401)
        {
            return null;
        }

        var challenge = DigestChallenge.Choose(challenges);
        if (challenge is null)
        {
            _known.TryRemove(key, out _);
            return null;
        }

        // An answer to this very nonce was refused, or a fresh one is given although ours was not stale: the password is wrong,
        // unless another callout has replaced the nonce meanwhile.
        var sent = request.Header("Authorization");
        var wasAnswered = sent?.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase) is true;
        if (_known.Count >= Capacity)
        {
            _known.Clear();
        }

        _needsBody |= challenge.Qop == "auth-int";

        // Servers may give one nonce to many: its uses are counted on, whoever was told of it.
        var known = _known.AddOrUpdate(
            key,
            static (_, fresh) => new Known(fresh),
            static (_, before, fresh) => before.Challenge.Nonce == fresh.Nonce ? new Known(fresh, before) : new Known(fresh),
            challenge);
        if (canAnswer && (!wasAnswered || challenge.IsStale || !Answers(sent!, challenge)))
        {
            return known;
        }

        known.Free();
        return null;
    }

    // As it goes on the wire, also with a query that is there and empty.
    private static string TargetOf(Uri uri)
    {
        var text = uri.OriginalString;
        return text[text.IndexOf('/', text.IndexOf("://", StringComparison.Ordinal) + 3)..];
    }

    // Whether it was this very challenge that was answered in vain.
    private static bool Answers(string sent, DigestChallenge challenge) => ChallengeReader.Read(sent).Any(answer =>
        answer.Parameters.GetValueOrDefault("nonce") == challenge.Nonce
        && answer.Parameters.GetValueOrDefault("realm") == challenge.Realm
        && answer.Parameters.GetValueOrDefault("opaque") == challenge.Opaque
        && answer.Parameters.GetValueOrDefault("algorithm") == challenge.Algorithm
        && answer.Parameters.GetValueOrDefault("qop") == challenge.Qop);

    private static string KeyOf(RequestToSign request) => request.Account + "\n" + request.Uri.Scheme + "://" + request.Host;

    /// <summary>One answer to a challenge.</summary>
    /// <param name="Challenge">The challenge.</param>
    /// <param name="Count">How often its nonce was used, this time included.</param>
    /// <param name="SessionNonce">Our nonce of the session; null: each answer has its own.</param>
    private sealed record Use(DigestChallenge Challenge, int Count, string? SessionNonce);

    /// <summary>The challenge that is answered ahead.</summary>
    private sealed class Known(DigestChallenge challenge, Known? before = null)
    {
        private readonly Counter _uses = before?._uses ?? new Counter();

        // A session's key is made of the nonces of its first answer, and lasts until another challenge (RFC 7616 section 3.4.2).
        private readonly string? _sessionNonce = !challenge.IsSession ? null
            : before?._sessionNonce ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

        private volatile bool _isFree = before?._isFree is true;

        public DigestChallenge Challenge => challenge;

        /// <summary>Whoever got it answers it.</summary>
        public Use Next()
        {
            _isFree = true;
            return new(challenge, _uses.Next(), _sessionNonce);
        }

        /// <summary>Others answer it ahead, once whoever got it has: it may be good only once. Null: not yet.</summary>
        public Use? Ahead() => _isFree ? Next() : null;

        /// <summary>Whoever got it doesn't answer it.</summary>
        public void Free() => _isFree = true;
    }

    /// <summary>How often a nonce was used.</summary>
    private sealed class Counter
    {
        private int _count;

        public int Next() => Interlocked.Increment(ref _count);
    }
}
