using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>How to authenticate to a service. Immutable; a change makes a new one with a higher <see cref="Version"/>.</summary>
public sealed record ExternalCredential
{
    // There may be a million of them: in UTC, a time is its ticks.
    private readonly long _createdAt;
    private readonly long _updatedAt;

    /// <summary>Stays the same for the life of the definition.</summary>
    public required Guid Id { get; init; }

    /// <summary>Unique among external credentials.</summary>
    public required DeveloperName Name { get; init; }

    /// <summary>For people.</summary>
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The <c>authentication</c> object, with its <c>protocol</c>; checked by that protocol when it was saved.</summary>
    public required JsonElement Authentication { get; init; }

    /// <summary>Where the secrets may be sent; null until the first named credential of an admin sets it.</summary>
    public IReadOnlyList<AllowedHost>? AllowedHosts { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<Principal> Principals { get; init; }

    /// <summary>In the order of sending.</summary>
    public IReadOnlyList<CustomHeader> CustomHeaders { get; init; } = [];

    /// <summary>Made by the inline <c>authentication</c> of the named credential of the same name.</summary>
    public bool IsInline { get; init; }

    /// <summary>Goes up by one with each change.</summary>
    public required long Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt
    {
        get => new(_createdAt, TimeSpan.Zero);
        init => _createdAt = value.UtcTicks;
    }

    /// <summary>When it was last changed.</summary>
    public required DateTimeOffset UpdatedAt
    {
        get => new(_updatedAt, TimeSpan.Zero);
        init => _updatedAt = value.UtcTicks;
    }

    /// <summary>The name of the protocol.</summary>
    public string Protocol => Authentication.GetProperty("protocol").GetString() ?? "";
}
