using System.CommandLine;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Definitions;

/// <summary>The options that say which files, and what of them.</summary>
internal sealed class DocumentOptions
{
    private readonly Option<string[]> _files = new("--file", "-f")
    {
        Description = "A file, a directory of files, or - for standard input; may stand several times.",
        Required = true,
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _environment = new("--env", "-e")
    {
        Description = "Lay the overlays of this environment over the files: for vault.yaml and prod, vault.prod.yaml beside it.",
    };

    private readonly Option<bool> _discard = new("--discard-secrets") { Description = "Where a change would let secrets travel elsewhere, remove them instead of refusing the change." };

    private readonly Option<bool> _without = new("--without-secrets") { Description = "Leave the parameters of the files out: for operators, who may not set them." };

    /// <summary>Adds them.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _files, _environment, _without, _discard })
        {
            command.Add(option);
        }
    }

    /// <summary>Reads the files.</summary>
    public DefinitionsFiles Read(ParseResult parsed, Surroundings surroundings)
    {
        var files = DefinitionsFiles.Read(parsed.GetRequiredValue(_files), parsed.GetValue(_environment), surroundings);
        return parsed.GetValue(_without) ? files.WithoutSecrets() : files;
    }

    /// <summary>Whether secrets that could travel go.</summary>
    public bool DiscardsSecrets(ParseResult parsed) => parsed.GetValue(_discard);
}
