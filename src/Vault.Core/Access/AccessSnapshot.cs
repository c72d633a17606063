using System.Collections.Immutable;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>What a key may do; contract section 2.</summary>
public enum VaultRole
{
    /// <summary>Callouts that it was granted; the role of every app key.</summary>
    App,

    /// <summary>Reads definitions and the audit.</summary>
    Auditor,

    /// <summary>Named credentials, apps, their keys and grants.</summary>
    Operator,

    /// <summary>Everything.</summary>
    Admin,
}

/// <summary>An app that calls out through the vault; <paramref name="MayAssertUser"/>: it may say for which user it calls.</summary>
public sealed record VaultApp(
    Guid Id, DeveloperName Name, string? Label, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, bool MayAssertUser = false);

/// <summary>A vault key, without its secret: <c>vk_&lt;id&gt;_&lt;secret&gt;</c>.</summary>
/// <param name="Id">The public part of the key.</param>
/// <param name="Role">What it may do.</param>
/// <param name="AppId">The app that an app key belongs to; null for the keys of people.</param>
/// <param name="Name">The name of an admin key; null for app keys.</param>
/// <param name="Hash">HMAC-SHA-256 over id, role, owner and secret, under a key that the database holds only wrapped.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends; null: never.</param>
public sealed record VaultKey(
    string Id, VaultRole Role, Guid? AppId, DeveloperName? Name, ImmutableArray<byte> Hash, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>Which principals of a named credential an app may use.</summary>
/// <param name="AppId">The app.</param>
/// <param name="NamedCredentialId">The named credential.</param>
/// <param name="Principals">Names of principals; a single <c>*</c> is every one.</param>
public sealed record Grant(Guid AppId, Guid NamedCredentialId, ImmutableArray<string> Principals);

/// <summary>All apps, keys and grants, in memory and immutable.</summary>
/// <param name="Apps">By id.</param>
/// <param name="AppIds">Name key to id.</param>
/// <param name="Keys">By key id (ordinal).</param>
/// <param name="Grants">By app and named credential.</param>
public sealed record AccessSnapshot(
    ImmutableDictionary<Guid, VaultApp> Apps,
    ImmutableDictionary<string, Guid> AppIds,
    ImmutableDictionary<string, VaultKey> Keys,
    GrantTable Grants)
{
    /// <summary>Nobody.</summary>
    public static AccessSnapshot Empty { get; } = new(
        ImmutableDictionary<Guid, VaultApp>.Empty,
        ImmutableDictionary<string, Guid>.Empty,
        ImmutableDictionary<string, VaultKey>.Empty,
        GrantTable.Empty);

    /// <summary>
    /// Whether who was let in would be let in still: a request may take its time, and the key be revoked meanwhile. Of a token only the app is judged: it was good when it came, and
    /// nobody can take it back.
    /// </summary>
    /// <param name="caller">As it was let in.</param>
    /// <param name="now">The time.</param>
    public bool IsInForce(Caller caller, DateTimeOffset now) =>
        (caller.AppId is not { } app || Apps.ContainsKey(app))
        && (caller.Key is not { } key
            || (Keys.TryGetValue(key.Id, out var stored) && stored.Role == key.Role && stored.AppId == key.AppId && stored.Hash.AsSpan().SequenceEqual(key.Hash.AsSpan())
                && !(stored.ExpiresAt <= now)));
}
