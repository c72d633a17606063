using System.CommandLine;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import.Salesforce;

/// <summary><c>vault import salesforce</c>.</summary>
internal static class SalesforceImportCommand
{
    /// <summary>The command.</summary>
    public static Command Build(Surroundings surroundings) => ImportCommand.Build(
        surroundings, "salesforce", "Turn Named Credentials of Salesforce, legacy and new, into a definitions file, and report the rest line by line.",
        "A metadata file, a project (force-app) or a directory tree, or a zip of one.", [],
        (path, options, _) => SalesforceImport.Run(surroundings.PathOf(path), options));
}
