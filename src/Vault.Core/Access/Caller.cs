using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>Who is calling.</summary>
/// <param name="KeyId">The key's public part.</param>
/// <param name="Role">What it may do.</param>
/// <param name="AppId">The app; null for the keys of people.</param>
/// <param name="Name">The key's name, or the app's.</param>
public sealed record Caller(string KeyId, VaultRole Role, Guid? AppId, DeveloperName Name);
