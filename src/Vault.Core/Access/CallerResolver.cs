using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>Tells who a key belongs to, from memory.</summary>
public sealed class CallerResolver(AccessCatalog catalog, KeyHasher hasher, KeyUsage usage, TimeProvider time)
{
    private static readonly VaultError Unauthenticated =
        new(ErrorCodes.Unauthenticated, "A vault key (vk_…) is needed: none was sent, or it is unknown, expired or revoked.");

    /// <summary>For ids that nobody has: the same work is done, so that the time of an answer tells nothing.</summary>
    private static readonly VaultKey Nobody = new("", VaultRole.App, Guid.Empty, null, [.. new byte[32]], DateTimeOffset.UnixEpoch, null);

    /// <summary>The caller, or <c>unauthenticated</c>.</summary>
    public Result<Caller> Resolve(string? text)
    {
        if (VaultKeyText.TryParse(text) is not { } key)
        {
            return Unauthenticated;
        }

        var current = catalog.Current;
        var isKnown = current.Keys.TryGetValue(key.Id, out var stored);
        var matches = hasher.Matches(key, stored ?? Nobody);
        if (!isKnown || stored is null || !matches || stored.ExpiresAt <= time.GetUtcNow())
        {
            return Unauthenticated;
        }

        DeveloperName? name = stored.Name;
        if (stored.AppId is { } appId)
        {
            if (!current.Apps.TryGetValue(appId, out var app))
            {
                return Unauthenticated;
            }

            name = app.Name;
        }

        usage.Note(stored.Id, time.GetUtcNow());
        return new Caller(stored.Id, stored.Role, stored.AppId, name ?? default);
    }
}
