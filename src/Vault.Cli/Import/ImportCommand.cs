using System.CommandLine;
using Vault.Cli.Definitions;
using Vault.Cli.Documents;
using Vault.Cli.Import.OpenApi;
using Vault.Cli.Import.Postman;
using Vault.Cli.Import.Salesforce;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import;

/// <summary>
/// <c>vault import …</c>: turns what another system keeps into a definitions file. Each system is a folder here and a subcommand, which
/// fills a <see cref="DefinitionsDocument"/>; what is common to all stands beside the folders.
/// </summary>
internal static class ImportCommand
{
    /// <summary>The command; a system adds its line here.</summary>
    public static Command Build(Surroundings surroundings) => new("import", "Turn what another system keeps into a definitions file.")
    {
        SalesforceImportCommand.Build(surroundings),
        OpenApiImportCommand.Build(surroundings),
        PostmanImportCommand.Build(surroundings),
    };

    /// <summary>The subcommand of a system, with the options that all have.</summary>
    /// <param name="surroundings">Of the command.</param>
    /// <param name="name">Of the subcommand.</param>
    /// <param name="description">What it does.</param>
    /// <param name="source">What its path leads to.</param>
    /// <param name="own">Options of its own.</param>
    /// <param name="run">The import, of a path as it was given.</param>
    public static Command Build(
        Surroundings surroundings, string name, string description, string source, IReadOnlyList<Option> own, Func<string, ImportOptions, ParseResult, ImportResult> run)
    {
        var path = new Argument<string>("path") { Description = source };
        var output = new Option<string>("--output", "-o") { Description = "The definitions file to write; - is the standard output, and the report goes to the standard error then.", DefaultValueFactory = _ => "vault.yaml" };
        var force = new Option<bool>("--force") { Description = "Write over a file that is there." };
        var allowHttp = new Option<bool>("--allow-http") { Description = "Import named credentials whose URL is http, too." };
        var apply = new Option<bool>("--apply") { Description = "Apply the file to the vault at once, as `vault apply` does: differences first, all or nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "With --apply: don't ask before anything is changed." };
        var app = new Option<string?>("--app") { Description = "Make this app, with a grant of everything that comes over." };
        var command = new Command(name, description) { path, output, force, allowHttp, app, apply, yes };
        foreach (var option in own)
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (wanted, target, isApplied) = (parsed.GetValue(app), parsed.GetRequiredValue(output), parsed.GetValue(apply));
            if (wanted is not null && !VaultName.IsLegal(wanted))
            {
                throw CommandFailure.Usage("The name of an app begins with a letter and has letters, digits and single underscores.");
            }

            if (isApplied && target == "-")
            {
                throw CommandFailure.Usage("--apply needs a file to apply; leave out -o -.");
            }

            var result = run(parsed.GetRequiredValue(path), new ImportOptions(parsed.GetValue(allowHttp), wanted), parsed);
            Write(result, target, parsed.GetValue(force), surroundings);
            if (!isApplied)
            {
                return ExitCodes.Success;
            }

            surroundings.Output.WriteLine();
            return await ApplyCommand.ApplyAsync(DefinitionsFiles.Read([target], null, surroundings), false, null, parsed.GetValue(yes), surroundings, cancellationToken);
        });
        return command;
    }

    private static void Write(ImportResult result, string output, bool force, Surroundings surroundings)
    {
        var isStandard = output == "-";
        if (result.Document is { NamedCredentials: null, ExternalCredentials: null })
        {
            ReportText.Write(result, isStandard ? surroundings.Error : surroundings.Output);
            throw new CommandFailure(ExitCodes.Failure, "There is nothing that could be imported, and no file was written.");
        }

        if (isStandard)
        {
            DefinitionsYaml.Write(result.Document, surroundings.Output);
            ReportText.Write(result, surroundings.Error);
            return;
        }

        var target = surroundings.PathOf(output);
        try
        {
            using var file = new FileStream(target, force ? FileMode.Create : FileMode.CreateNew, FileAccess.Write);
            using var writer = new StreamWriter(file);
            DefinitionsYaml.Write(result.Document, writer);
        }
        catch (IOException) when (!force && File.Exists(target))
        {
            throw CommandFailure.Usage($"{output} is there already; --force writes over it.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{output} can't be written: {exception.Message}");
        }

        ReportText.Write(result, surroundings.Output);
        surroundings.Output.WriteLine($"Written to {output}. See what it would change: vault diff -f {output}. Then: vault apply -f {output}");
    }
}
