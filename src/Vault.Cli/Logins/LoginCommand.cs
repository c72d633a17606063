using System.CommandLine;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Logins;

/// <summary><c>vault login</c> and <c>vault logout</c>.</summary>
internal static class LoginCommand
{
    /// <summary>Keeps address and key of a vault, once they were tried.</summary>
    public static Command BuildLogin(Surroundings surroundings)
    {
        var url = new Argument<string?>("url") { Description = "The address of the vault; default: VAULT_URL, the login before, or http://localhost:5080.", Arity = ArgumentArity.ZeroOrOne };
        var command = new SecretCommand("login", "Keep the address of a vault, and a key for it, in a file that only you can read. The key is asked for, or piped in.") { url };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var address = parsed.GetValue(url) is { } given ? ConnectionSettings.ReadAddress(given, "This", surroundings) : ConnectionSettings.Read(surroundings).Address;
            var key = ConnectionSettings.CheckKey(await SecretInput.ReadAsync(surroundings, $"Key for {address}", cancellationToken), "the input");
            using var connection = VaultConnection.Open(new ConnectionSettings(address, key));
            await connection.GetAsync("apps?pageSize=1", cancellationToken);
            LoginFile.Write(surroundings, new SavedLogin(address.ToString().TrimEnd('/'), key));
            await surroundings.Error.WriteLineAsync($"Logged in to {address}; kept in {LoginFile.PathOf(surroundings)}.");
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Forgets them.</summary>
    public static Command BuildLogout(Surroundings surroundings)
    {
        var command = new Command("logout", "Forget the login. The key itself stays good: delete it in the vault if it is to end.");
        command.SetAction(async (_, _) =>
        {
            await surroundings.Error.WriteLineAsync(LoginFile.Delete(surroundings) ? "Logged out." : "There was no login.");
            return ExitCodes.Success;
        });
        return command;
    }
}
