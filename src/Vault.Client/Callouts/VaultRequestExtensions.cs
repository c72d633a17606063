namespace Vault.Client;

/// <summary>What a single request says to the vault.</summary>
public static class VaultRequestExtensions
{
    internal static readonly HttpRequestOptionsKey<string> Principal = new("Vault.Client.Principal");
    internal static readonly HttpRequestOptionsKey<string> User = new("Vault.Client.User");

    /// <summary>Uses the secrets of this user, where the principal has some per user. The app needs <c>mayAssertUser</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="user">The user's id: 1 to 256 printable ASCII characters, no space at its ends.</param>
    /// <returns>The same.</returns>
    /// <exception cref="ArgumentException">It can't be the id of a user.</exception>
    public static HttpRequestMessage ForVaultUser(this HttpRequestMessage request, string user)
    {
        ArgumentNullException.ThrowIfNull(request);

        // White space around it would be lost on the way, and another user meant.
        if (user is not { Length: > 0 and <= 256 } || user.Any(c => c is < ' ' or > '~') || user[0] is ' ' || user[^1] is ' ')
        {
            throw new ArgumentException("The id of a user has 1 to 256 printable ASCII characters, and no space at its ends.", nameof(user));
        }

        request.Options.Set(User, user);
        return request;
    }

    /// <summary>Uses the secrets of this principal.</summary>
    /// <param name="request">The request.</param>
    /// <param name="principal">Its name; it has to be granted to the app.</param>
    /// <returns>The same.</returns>
    /// <exception cref="ArgumentException">It can't be the name of a principal.</exception>
    public static HttpRequestMessage AsVaultPrincipal(this HttpRequestMessage request, string principal)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Callouts.CalloutUri.IsName(principal))
        {
            throw new ArgumentException("The name of a principal begins with a letter and has letters, digits and single underscores.", nameof(principal));
        }

        request.Options.Set(Principal, principal);
        return request;
    }
}
