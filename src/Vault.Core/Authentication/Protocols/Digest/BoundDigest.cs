using System.Collections.Concurrent;
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
        if (!_known.TryGetValue(KeyOf(request), out var known))
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

        var (header, response) = DigestAnswer.Make(
            known.Challenge, username.Value!.Reveal(), password.Value!.Reveal(), request.Method,
            request.Query.Length == 0 ? request.Path : request.Path + "?" + request.Query,
            request.Body is { } body ? body.Span : default, Interlocked.Increment(ref known.Uses.Count), request.Nonce);
        request.NoteSecret(response);
        return new RequestInjection([new InjectedValue("Authorization", header, IsSecret: true)], [], []);
    }

    public bool TakeChallenge(RequestToSign request, int status, IReadOnlyList<string> challenges)
    {
        var key = KeyOf(request);
        if (status != 401)
        {
            return false;
        }

        var challenge = DigestChallenge.Choose(challenges);
        if (challenge is null)
        {
            _known.TryRemove(key, out _);
            return false;
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
        _known.AddOrUpdate(
            key,
            static (_, fresh) => new Known(fresh, new Counter()),
            static (_, before, fresh) => new Known(fresh, before.Challenge.Nonce == fresh.Nonce ? before.Uses : new Counter()),
            challenge);
        return !wasAnswered || challenge.IsStale || !Answers(sent!, challenge);
    }

    // Whether it was this very challenge that was answered in vain.
    private static bool Answers(string sent, DigestChallenge challenge) => ChallengeReader.Read(sent).Any(answer =>
        answer.Parameters.GetValueOrDefault("nonce") == challenge.Nonce
        && answer.Parameters.GetValueOrDefault("realm") == challenge.Realm
        && answer.Parameters.GetValueOrDefault("opaque") == challenge.Opaque
        && answer.Parameters.GetValueOrDefault("algorithm") == challenge.Algorithm
        && answer.Parameters.GetValueOrDefault("qop") == challenge.Qop);

    private static string KeyOf(RequestToSign request) => request.Account + "\n" + request.Uri.Scheme + "://" + request.Host;

    private sealed record Known(DigestChallenge Challenge, Counter Uses);

    /// <summary>How often a nonce was used.</summary>
    private sealed class Counter
    {
        public int Count;
    }
}
