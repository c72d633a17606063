using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>External credentials by id.</summary>
public readonly struct ExternalCredentialById : IMapKeys<Guid, ExternalCredential>
{
    /// <inheritdoc />
    public static Guid Of(ExternalCredential value) => value.Id;

    /// <inheritdoc />
    public static int HashOf(Guid key) => key.GetHashCode();

    /// <inheritdoc />
    public static bool AreEqual(Guid one, Guid other) => one == other;
}

/// <summary>External credentials by name, in any case.</summary>
public readonly struct ExternalCredentialByName : IMapKeys<string, ExternalCredential>
{
    /// <inheritdoc />
    public static string Of(ExternalCredential value) => value.Name.Value;

    /// <inheritdoc />
    public static int HashOf(string key) => StringComparer.OrdinalIgnoreCase.GetHashCode(key);

    /// <inheritdoc />
    public static bool AreEqual(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Named credentials by name, in any case.</summary>
public readonly struct NamedCredentialByName : IMapKeys<string, NamedCredential>
{
    /// <inheritdoc />
    public static string Of(NamedCredential value) => value.Name.Value;

    /// <inheritdoc />
    public static int HashOf(string key) => StringComparer.OrdinalIgnoreCase.GetHashCode(key);

    /// <inheritdoc />
    public static bool AreEqual(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Who uses an external credential, by its id: nearly always one named credential, which then stands there itself.</summary>
internal readonly struct UsersById : IMapKeys<Guid, object>
{
    /// <inheritdoc />
    public static Guid Of(object value) => value is NamedCredential only ? only.ExternalCredentialId : ((SeveralUsers)value).ExternalCredentialId;

    /// <inheritdoc />
    public static int HashOf(Guid key) => key.GetHashCode();

    /// <inheritdoc />
    public static bool AreEqual(Guid one, Guid other) => one == other;
}

/// <summary>The named credentials that use one external credential.</summary>
internal sealed record SeveralUsers(Guid ExternalCredentialId, KeyedMap<string, NamedCredential, NamedCredentialByName> Named);
