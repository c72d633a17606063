using System.CommandLine;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import.OpenApi;

/// <summary><c>vault import openapi</c>.</summary>
internal static class OpenApiImportCommand
{
    /// <summary>The command.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var url = new Option<string?>("--url") { Description = "Where servers begin whose URL is relative, or where the document names none." };
        var name = new Option<string?>("--name") { Description = "What to call the credentials; default: the title of the document." };
        return ImportCommand.Build(
            surroundings, "openapi", "Turn security schemes and servers of an OpenAPI document (2.0, 3.0, 3.1) into a definitions file, and report the rest line by line.",
            "The document, in JSON or YAML, or - for standard input. What it refers to outside of itself isn't read.", [url, name],
            (path, options, parsed) => OpenApiImport.Run(ImportFile.Read(path, surroundings), options, parsed.GetValue(url), parsed.GetValue(name)));
    }
}
