using System.CommandLine;
using Vault.Cli.Completion;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Credentials;

/// <summary>Whose secrets: an external credential, its principal, and where that is per user, the user.</summary>
internal sealed class CredentialTarget
{
    private readonly Argument<string> _external = new("external-credential") { Description = "The external credential.", HelpName = "external-credential" };
    private readonly Option<string> _principal = new("--principal", "-p") { Description = "The principal.", DefaultValueFactory = _ => "default" };
    private readonly Option<string?> _user = new("--user", "-u") { Description = "The user, of a principal of type perUser." };

    /// <summary>Arguments for a command.</summary>
    public CredentialTarget(Surroundings surroundings) => _external.CompletionSources.Add(VaultNames.Of(surroundings, "external-credentials"));

    /// <summary>Adds them, and further arguments behind them.</summary>
    public Command AddTo(Command command, params Argument[] further)
    {
        command.Add(_external);
        foreach (var argument in further)
        {
            command.Add(argument);
        }

        command.Add(_principal);
        command.Add(_user);
        return command;
    }

    /// <summary>Where they are below <c>/api/v1/</c>.</summary>
    public string Path(ParseResult parsed)
    {
        var user = parsed.GetValue(_user) is { } name ? $"/users/{VaultConnection.Segment(name)}" : "";
        return $"external-credentials/{VaultConnection.Segment(parsed.GetRequiredValue(_external))}/principals/{VaultConnection.Segment(parsed.GetRequiredValue(_principal))}{user}/credential";
    }

    /// <summary>In words.</summary>
    public string Subject(ParseResult parsed) =>
        $"{parsed.GetRequiredValue(_external)}/{parsed.GetRequiredValue(_principal)}{(parsed.GetValue(_user) is { } user ? "/" + user : "")}";
}
