using System.Net;
using Vault.Core.Access.Issuers;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>Tells who a key or token belongs to, from memory.</summary>
public sealed class CallerResolver(AccessCatalog catalog, KeyHasher hasher, KeyUsage usage, JwtCallers tokens, SignInLimits limits, TimeProvider time)
{
    /// <summary>Nobody that this vault lets in.</summary>
    public static readonly VaultError Unauthenticated =
        new(ErrorCodes.Unauthenticated, "A vault key (vk_…), or a token of an issuer that this vault knows, is needed: none was sent, or it is unknown, expired or revoked.");

    /// <summary>For ids that nobody has: the same work is done, so that the time of an answer tells nothing.</summary>
    private static readonly VaultKey Nobody = new("", VaultRole.App, Guid.Empty, null, [.. new byte[32]], DateTimeOffset.UnixEpoch, null);

    /// <summary>The caller; else <c>unauthenticated</c>, or <c>rate-limited</c> where too many were wrong before. What is right is let in whatever was wrong before.</summary>
    /// <param name="text">The key or token; null: none was sent.</param>
    /// <param name="address">Of the connection.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <param name="connection">What the connection sent before; null: nobody knows.</param>
    public ValueTask<Result<Caller>> ResolveAsync(string? text, IPAddress? address, CancellationToken cancellationToken, ConnectionKey? connection = null)
    {
        // Still the very key that is in force: a change puts another object in its place, or none.
        if (text is not null && connection?.Find(text) is { } before && ReferenceEquals(catalog.Current.Keys.GetValueOrDefault(before.Id), before) && Accept(before) is { } known)
        {
            return ValueTask.FromResult<Result<Caller>>(known);
        }

        if (VaultKeyText.TryParse(text) is { } key)
        {
            return ValueTask.FromResult<Result<Caller>>(Find(key, connection) is { } caller ? caller : Refuse(address, key.Id));
        }

        return text is not null && tokens.MayBe(text)
            ? VerifyAsync(text, address, cancellationToken)
            : ValueTask.FromResult<Result<Caller>>(Unauthenticated);
    }

    /// <summary>Who this is now, for who only looks: no use of the key is noted, and nothing wrong is counted. Null: nobody.</summary>
    /// <param name="text">The key or token; null: none was sent.</param>
    /// <param name="connection">What the connection sent before.</param>
    /// <param name="cancellationToken">Of who looks.</param>
    public ValueTask<Caller?> PeekAsync(string? text, ConnectionKey connection, CancellationToken cancellationToken)
    {
        if (text is not null && connection.Find(text) is { } before && ReferenceEquals(catalog.Current.Keys.GetValueOrDefault(before.Id), before))
        {
            return ValueTask.FromResult(Accept(before, isUse: false));
        }

        return VaultKeyText.TryParse(text) is { } key ? ValueTask.FromResult(Find(key, connection, isUse: false))
            : text is not null && tokens.MayBe(text) ? tokens.ResolveAsync(text, cancellationToken)
            : ValueTask.FromResult<Caller?>(null);
    }

    private async ValueTask<Result<Caller>> VerifyAsync(string text, IPAddress? address, CancellationToken cancellationToken) =>
        await tokens.ResolveAsync(text, cancellationToken) is { } caller ? caller : Refuse(address, null);

    private VaultError Refuse(IPAddress? address, string? keyId) => limits.Failed(address, keyId) is { } wait
        ? new VaultError(ErrorCodes.RateLimited, "Too many wrong keys or tokens were sent.") { RetryAfter = wait }
        : Unauthenticated;

    private Caller? Find(VaultKeyText key, ConnectionKey? connection, bool isUse = true)
    {
        var isKnown = catalog.Current.Keys.TryGetValue(key.Id, out var stored);
        var matches = hasher.Matches(key, stored ?? Nobody);
        if (!isKnown || stored is null || !matches || Accept(stored, isUse) is not { } caller)
        {
            return null;
        }

        connection?.Note(key.Reveal(), stored);
        return caller;
    }

    private Caller? Accept(VaultKey stored, bool isUse = true)
    {
        var now = time.GetUtcNow();
        if (stored.ExpiresAt <= now)
        {
            return null;
        }

        var name = stored.Name;
        if (stored.AppId is { } appId)
        {
            if (!catalog.Current.Apps.TryGetValue(appId, out var app))
            {
                return null;
            }

            name = app.Name;
        }

        if (isUse)
        {
            usage.Note(stored.Id, now);
        }

        return new Caller(stored.Role, stored.AppId, (name ?? default).Value) { Key = stored };
    }
}
