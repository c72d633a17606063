using System.Security.Cryptography;
using Vault.Core.Authentication.Signing;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>
/// Answers the upstream's challenge: at first when it comes, by a second sending, then ahead of it with the nonce that is known,
/// until that is stale, or the upstream names the next.
/// </summary>
internal sealed class BoundDigest : BoundProtocol, IRequestSigning
{
    private const int Capacity = 1000;

    // What is answered ahead, and what was made of nonces: servers may give one to many, and come back to it.
    private readonly Recent<Known> _known = new(Capacity);
    private readonly Recent<Session> _sessions = new(Capacity);
    private volatile bool _needsBody;

    public override IReadOnlyList<string> ProtocolParameters { get; } = ["Username", "Password"];

    public override IRequestSigning Signing => this;

    public bool NeedsToken => false;

    // Known once a server asked for it; before that, the replay holds the body anyway.
    public BodyNeed NeedOf(string? contentType) => _needsBody ? BodyNeed.IfSmall : BodyNeed.None;

    public Result<RequestInjection> Sign(RequestToSign request)
    {
        // The second sending answers its own challenge: another callout's may have come, and been spent, meanwhile.
        if (request.Challenge is not Known known && !_known.TryGet(KeyOf(request), out known!))
        {
            return RequestInjection.None;
        }

        if (known.Challenge.Qop == "auth-int" && request.Body is null)
        {
            return new VaultError(ErrorCodes.BodyTooLarge, "The upstream wants the body in the digest (auth-int), and it is larger than the 1 MiB that can be held.");
        }

        var username = request.Parameters.Open("Username");
        var password = request.Parameters.Open("Password");
        if ((username.Error ?? password.Error) is { } missing)
        {
            return missing;
        }

        var use = request.IsPreview ? known.Preview() : known.Next();
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

        // Whatever becomes of what is answered ahead: its uses are counted on, whoever is told of it.
        if (_known.TryGet(key, out var before))
        {
            _sessions.Set(SessionOf(key, before.Challenge), before.Session);
        }

        var challenge = DigestChallenge.Choose(challenges);
        if (challenge is null)
        {
            _known.Remove(key);
            return null;
        }

        _needsBody |= challenge.Qop == "auth-int";
        var fresh = new Known(challenge, _sessions.GetOrAdd(SessionOf(key, challenge), static () => new Session()));

        // An answer to this very nonce was refused, or a fresh one is given although ours was not stale: the password is wrong,
        // unless another callout has replaced the nonce meanwhile.
        var sent = request.Header("Authorization");
        var wasAnswered = sent?.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase) is true;
        if (!canAnswer || (wasAnswered && !challenge.IsStale && Answers(sent!, challenge)))
        {
            _known.Set(key, fresh);
            return null;
        }

        if (wasAnswered && before is not null && IsOf(sent!, before.Challenge))
        {
            // It is spent. What was answered ahead by another one goes on.
            _known.Remove(key, before);
        }

        return fresh;
    }

    // Not sooner: a nonce may be good once, or have to be counted in the order in which its answers arrive.
    public void NoteAccepted(RequestToSign request, IReadOnlyList<string> authenticationInfo)
    {
        var key = KeyOf(request);
        var answered = request.Challenge as Known;
        if (answered is not null)
        {
            _known.GetOrAdd(key, () => answered);
        }
        else if (authenticationInfo.Count > 0 && _known.TryGet(key, out var ahead) && request.Header("Authorization") is { } sent && IsOf(sent, ahead.Challenge))
        {
            answered = ahead;
        }

        if (answered?.Challenge.Next(authenticationInfo) is { } next)
        {
            _known.Set(key, new Known(next, _sessions.GetOrAdd(SessionOf(key, next), static () => new Session())));
        }
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

    private static bool IsOf(string sent, DigestChallenge challenge) =>
        ChallengeReader.Read(sent).Any(answer => answer.Parameters.GetValueOrDefault("nonce") == challenge.Nonce);

    private static string KeyOf(RequestToSign request) => request.Account + "\n" + request.Uri.Scheme + "://" + request.Host;

    private static string SessionOf(string key, DigestChallenge challenge) => key + "\n" + challenge.Nonce;

    /// <summary>One answer to a challenge.</summary>
    /// <param name="Challenge">The challenge.</param>
    /// <param name="Count">How often its nonce was used, this time included.</param>
    /// <param name="SessionNonce">Our nonce of the session; null: each answer has its own.</param>
    private sealed record Use(DigestChallenge Challenge, int Count, string? SessionNonce);

    /// <summary>A challenge that is answered: by whoever got it, and then by others ahead.</summary>
    private sealed class Known(DigestChallenge challenge, Session session)
    {
        public DigestChallenge Challenge => challenge;

        public Session Session => session;

        public Use Next() => Of(session.Next());

        // Counted in order by some servers: what isn't sent counts none.
        public Use Preview() => Of(1);

        private Use Of(int count) => new(challenge, count, challenge.IsSession ? session.Nonce : null);
    }

    /// <summary>What was made of one nonce of a server's.</summary>
    private sealed class Session
    {
        private int _count;

        /// <summary>A session's key is made of the nonces of its first answer, and lasts until another challenge (RFC 7616 section 3.4.2).</summary>
        public string Nonce { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

        public int Next() => Interlocked.Increment(ref _count);
    }
}
