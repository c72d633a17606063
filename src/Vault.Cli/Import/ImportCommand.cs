using System.CommandLine;
using Vault.Cli.Import.Salesforce;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import;

/// <summary>
/// <c>vault import …</c>: turns what another system keeps into a definitions file. Each system is a folder here and a subcommand, which
/// fills a <see cref="Documents.DefinitionsDocument"/> and writes it with <see cref="Documents.DefinitionsYaml"/>.
/// </summary>
internal static class ImportCommand
{
    /// <summary>The command; a system adds its line here.</summary>
    public static Command Build(Surroundings surroundings) => new("import", "Turn what another system keeps into a definitions file.")
    {
        SalesforceImportCommand.Build(surroundings),
    };
}
