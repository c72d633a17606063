using Vault.Cli.Logins;
using Vault.Cli.Terminals;

namespace Vault.Cli.Connections;

/// <summary>Which vault, and with which key: <c>VAULT_URL</c> and <c>VAULT_KEY</c>, else the login.</summary>
/// <param name="Address">With a slash at its end.</param>
/// <param name="Key">The vault key; null: there is none.</param>
/// <param name="IsForApp">Whether the key is for callouts, and so no login's.</param>
internal sealed record ConnectionSettings(Uri Address, string? Key, bool IsForApp = false)
{
    private const string DefaultAddress = "http://localhost:5080";

    /// <summary>Never the key.</summary>
    public override string ToString() => Address.ToString();

    /// <summary>Those in force.</summary>
    /// <exception cref="CommandFailure">An address is wrong, or a file can't be trusted.</exception>
    public static ConnectionSettings Read(Surroundings surroundings)
    {
        var saved = LoginFile.Read(surroundings);
        var url = Given(surroundings, "VAULT_URL");
        var address = ReadAddress(url ?? saved?.Url ?? DefaultAddress, url is null ? "the login" : "VAULT_URL", surroundings);

        // A saved key goes only to the vault that it was saved for, whatever VAULT_URL says.
        var key = Given(surroundings, "VAULT_KEY") ?? (saved is not null && ReadAddress(saved.Url, "the login", surroundings) == address ? saved.Key : null);
        return new ConnectionSettings(address, key is null ? null : CheckKey(key, "VAULT_KEY"));
    }

    /// <summary>Those that an app calls with: the key is <c>VAULT_APP_KEY</c>, else <c>VAULT_KEY</c>.</summary>
    /// <exception cref="CommandFailure">There is no key, an address is wrong, or a file can't be trusted.</exception>
    public static ConnectionSettings ReadForApp(Surroundings surroundings) => new(Read(surroundings).Address, ReadAppKey(surroundings), IsForApp: true);

    /// <summary>An address of a vault; keys go in clear text to nowhere but this machine.</summary>
    public static Uri ReadAddress(string text, string source, Surroundings surroundings)
    {
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
            || address.UserInfo.Length > 0 || address.Query.Length > 0)
        {
            throw CommandFailure.Usage($"{source} is not the address of a vault; it looks like https://vault.example.");
        }

        if (address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback && surroundings.Variable("VAULT_ALLOW_HTTP") is not ("1" or "true"))
        {
            throw CommandFailure.Usage($"{source} is {address.GetLeftPart(UriPartial.Authority)}, where the key would go in clear text; use https, or set VAULT_ALLOW_HTTP=true if that network is yours.");
        }

        return address;
    }

    /// <summary>A key, as far as can be seen.</summary>
    public static string CheckKey(string key, string source)
    {
        key = key.Trim();
        return key.Length is > 0 and < 16_384 && key.All(character => character is > ' ' and <= '~')
            ? key
            : throw CommandFailure.Usage($"What {source} holds is no key; keys of the vault look like vk_….");
    }

    private static string ReadAppKey(Surroundings surroundings) => Given(surroundings, "VAULT_APP_KEY") is { } app
        ? CheckKey(app, "VAULT_APP_KEY")
        : Given(surroundings, "VAULT_KEY") is { } key
            ? CheckKey(key, "VAULT_KEY")
            : throw CommandFailure.Usage("A callout needs the key of an app: set VAULT_APP_KEY; `vault app-key create <app>` makes one.");

    private static string? Given(Surroundings surroundings, string name) => surroundings.Variable(name) is { Length: > 0 } value ? value : null;
}
