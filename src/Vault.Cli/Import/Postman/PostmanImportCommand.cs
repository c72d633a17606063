using System.CommandLine;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import.Postman;

/// <summary><c>vault import postman</c>.</summary>
internal static class PostmanImportCommand
{
    /// <summary>The command.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var environment = new Option<string?>("--environment", "-e") { Description = "An exported environment, whose variables win over those of the collection." };
        return ImportCommand.Build(
            surroundings, "postman", "Turn the authorization and the base URLs of a Postman collection (2.0, 2.1) into a definitions file, and report the rest line by line.",
            "The exported collection, or - for standard input.", [environment],
            (path, options, parsed) => PostmanImport.Run(
                ImportFile.Read(path, surroundings), parsed.GetValue(environment) is { } file ? ImportFile.Read(file, surroundings) : null, options));
    }
}
