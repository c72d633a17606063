using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Vault.Core.Administration.Changes;

namespace Vault.Core.Administration.Access;

/// <summary>An app, as it is written.</summary>
/// <param name="Name">Letters, digits and single underscores; unique without regard to case.</param>
/// <param name="Label">For people.</param>
/// <param name="MayAssertUser">Whether its callouts may name a user with <c>X-Vault-User</c>. Default false.</param>
/// <param name="CreatedAt">Read-only; ignored on PUT.</param>
/// <param name="UpdatedAt">Read-only; ignored on PUT.</param>
public sealed record AppInput(
    string? Name = null, string? Label = null, bool MayAssertUser = false, [property: JsonConverter(typeof(ReadOnlyText))] string? CreatedAt = null,
    [property: JsonConverter(typeof(ReadOnlyText))] string? UpdatedAt = null);

/// <summary>An app, as it is read.</summary>
public sealed record AppView(string Name, string? Label, bool MayAssertUser, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Asks for a key of an app.</summary>
/// <param name="ExpiresAt">RFC 3339; left out: never.</param>
public sealed record AppKeyInput(DateTimeOffset? ExpiresAt = null);

/// <summary>A key of an app that was just made.</summary>
/// <param name="Id">Its public part.</param>
/// <param name="Key">The whole key, shown this once.</param>
/// <param name="ExpiresAt">When it ends; null: never.</param>
public sealed record NewAppKey(string Id, string Key, DateTimeOffset? ExpiresAt) : IWritten
{
    bool IWritten.IsNew => true;

    /// <summary>Never the key.</summary>
    public override string ToString() => Id;
}

/// <summary>A key of an app, as it is read.</summary>
public sealed record AppKeyView(string Id, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>Asks for the key of a person.</summary>
/// <param name="Name">Unique among admin keys.</param>
/// <param name="Role"><c>admin</c>, <c>operator</c> or <c>auditor</c>.</param>
/// <param name="ExpiresAt">RFC 3339; left out: never.</param>
public sealed record AdminKeyInput([property: Required] string? Name = null, [property: Required] string? Role = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A person's key that was just made.</summary>
/// <param name="Id">Its public part.</param>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Key">The whole key, shown this once.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">When it ends; null: never.</param>
public sealed record NewAdminKey(string Id, string Name, string Role, string Key, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt) : IWritten
{
    bool IWritten.IsNew => true;

    /// <summary>Never the key.</summary>
    public override string ToString() => Id;
}

/// <summary>A person's key, as it is read.</summary>
public sealed record AdminKeyView(string Id, string Name, string Role, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>Which principals an app may use.</summary>
/// <param name="Principals">Names; <c>["*"]</c> is every one; left out: <c>["default"]</c>.</param>
/// <param name="NamedCredential">The route's, or left out.</param>
public sealed record GrantInput(IReadOnlyList<string>? Principals = null, string? NamedCredential = null);

/// <summary>A grant, as it is read.</summary>
public sealed record GrantView(string NamedCredential, IReadOnlyList<string> Principals);

/// <summary>A grant that was given.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="IsNew">Whether there was none before.</param>
public sealed record GrantChange(GrantView Grant, bool IsNew) : IWritten;
