using System.CommandLine;
using Vault.Cli.Definitions;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import.Salesforce;

/// <summary><c>vault import salesforce</c>.</summary>
internal static class SalesforceImportCommand
{
    /// <summary>The command.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var path = new Argument<string>("path") { Description = "A metadata file, a project (force-app) or a directory tree, or a zip of one." };
        var output = new Option<string>("--output", "-o") { Description = "The definitions file to write; - is the standard output, and the report goes to the standard error then.", DefaultValueFactory = _ => "vault.yaml" };
        var force = new Option<bool>("--force") { Description = "Write over a file that is there." };
        var allowHttp = new Option<bool>("--allow-http") { Description = "Import named credentials whose URL is http, too." };
        var apply = new Option<bool>("--apply") { Description = "Apply the file to the vault at once, as `vault apply` does: differences first, all or nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "With --apply: don't ask before anything is changed." };
        var app = new Option<string?>("--app") { Description = "Make this app, with a grant of everything that comes over." };
        var command = new Command("salesforce", "Turn Named Credentials of Salesforce, legacy and new, into a definitions file, and report the rest line by line.")
        {
            path, output, force, allowHttp, app, apply, yes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (name, target, isApplied) = (parsed.GetValue(app), parsed.GetRequiredValue(output), parsed.GetValue(apply));
            if (name is not null && !Names.VaultName.IsLegal(name))
            {
                throw CommandFailure.Usage("The name of an app begins with a letter and has letters, digits and single underscores.");
            }

            if (isApplied && target == "-")
            {
                throw CommandFailure.Usage("--apply needs a file to apply; leave out -o -.");
            }

            var result = SalesforceImport.Run(surroundings.PathOf(parsed.GetRequiredValue(path)), new ImportOptions(parsed.GetValue(allowHttp), name));
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
