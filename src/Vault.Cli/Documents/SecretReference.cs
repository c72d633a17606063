using System.Text;
using System.Text.Json.Nodes;
using Vault.Cli.Terminals;

namespace Vault.Cli.Documents;

/// <summary>Where a secret comes from: <c>${env:NAME}</c>, <c>${file:path}</c> (beside the file that names it), <c>${prompt}</c>.</summary>
/// <param name="Subject">What it is for, as in <c>ServiceLogin/default Password</c>.</param>
/// <param name="Kind"><c>env</c>, <c>file</c> or <c>prompt</c>.</param>
/// <param name="Source">The variable or path.</param>
/// <param name="At">Where the reference stands.</param>
internal sealed record SecretReference(string Subject, string Kind, string Source, Place At)
{
    // What opens a vault: a document must not be able to send it to a service.
    private static readonly string[] KeyVariables = ["VAULT_KEY", "VAULT_APP_KEY"];

    /// <summary>As it stands in the file.</summary>
    public string Text => Kind == "prompt" ? "${prompt}" : $"${{{Kind}:{Source}}}";

    /// <summary>Reads a reference; null where the text is none, which is never told, since it may be a secret.</summary>
    public static SecretReference? Parse(string text, string subject, Place at)
    {
        if (!text.StartsWith("${", StringComparison.Ordinal) || !text.EndsWith('}'))
        {
            return null;
        }

        var parts = text[2..^1].Split(':', 2);
        return (parts[0], parts.Length) switch
        {
            ("prompt", 1) => new SecretReference(subject, "prompt", "", at),
            ("env" or "file", 2) when parts[1].Length > 0 => new SecretReference(subject, parts[0], parts[1], at),
            _ => null,
        };
    }

    /// <summary>The secret; null where it can't be had, which is noted.</summary>
    /// <param name="surroundings">The machine.</param>
    /// <param name="allowedFiles">A directory that files may come from beside the document's; null: none.</param>
    /// <param name="errors">What is wrong.</param>
    public string? Resolve(Surroundings surroundings, string? allowedFiles, DocumentErrors errors)
    {
        switch (Kind)
        {
            case "env":
                var value = surroundings.Variable(Source);
                if (string.IsNullOrEmpty(value))
                {
                    errors.Add(At, $"The environment variable {Source} isn't set; it is to hold {Subject}.");
                }

                return value;
            case "prompt":
                var typed = surroundings.CanAsk ? surroundings.AskSecret(Subject) : null;
                if (string.IsNullOrEmpty(typed))
                {
                    errors.Add(At, surroundings.CanAsk ? $"{Subject}: nothing was entered." : $"{Subject} is asked for, and nobody can be asked here; use ${{env:NAME}} or ${{file:path}}.");
                }

                return typed;
            default:
                return ReadFile(surroundings, allowedFiles, errors);
        }
    }

    private string? ReadFile(Surroundings surroundings, string? allowedFiles, DocumentErrors errors)
    {
        var directory = Path.GetDirectoryName(surroundings.PathOf(At.File)) ?? surroundings.WorkingDirectory;
        var path = Path.GetFullPath(Source, directory);
        try
        {
            if (!SecretFile.IsWithin(ref path, allowedFiles is null ? [directory] : [directory, surroundings.PathOf(allowedFiles)]))
            {
                errors.Add(At, $"The file {Source} is outside the directory of the document; --allow-files names another directory that files may come from.");
                return null;
            }

            if (SecretFile.Read(path) is not { } whole)
            {
                errors.Add(At, $"The file {Source} is too long for a secret.");
                return null;
            }

            var text = SecretInput.Trim(whole);
            if (text.Length == 0)
            {
                errors.Add(At, $"The file {Source} is empty; it is to hold {Subject}.");
            }

            return text;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.Add(At, $"The file {Source}, which is to hold {Subject}, can't be read: {(fault is FileNotFoundException or DirectoryNotFoundException ? "there is none" : fault is IOException ? "it is no regular file, or the disk fails" : "access is denied")}.");
            return null;
        }
        catch (DecoderFallbackException)
        {
            errors.Add(At, $"The file {Source} is not text in UTF-8; encode it first (base64).");
            return null;
        }
    }

    /// <summary>The parameters of a document: the object that each stands in, its name, and the reference.</summary>
    public static IEnumerable<(JsonObject Parameters, string Name, SecretReference Reference)> All(JsonObject document, Func<string, Place> placeOf, DocumentErrors errors)
    {
        var externals = document["externalCredentials"] as JsonArray ?? [];
        for (var index = 0; index < externals.Count; index++)
        {
            var principals = externals[index]?["principals"] as JsonArray ?? [];
            for (var number = 0; number < principals.Count; number++)
            {
                foreach (var (name, value) in principals[number]?["parameters"] as JsonObject ?? [])
                {
                    // What the vault finds elsewhere is nothing that is found here.
                    if (value is null or JsonObject)
                    {
                        continue;
                    }

                    var at = placeOf($"$.externalCredentials[{index}].principals[{number}].parameters.{name}");
                    if (Parse(value.GetValue<string>(), $"{externals[index]!["name"]}/{principals[number]!["name"]} {name}", at) is { } reference)
                    {
                        if (reference.Kind == "env" && KeyVariables.Contains(reference.Source, StringComparer.OrdinalIgnoreCase))
                        {
                            errors.Add(at, $"{reference.Source} is a key to a vault; a document may not send it anywhere. Put the secret into another variable.");
                        }

                        yield return ((JsonObject)principals[number]!["parameters"]!, name, reference);
                    }
                    else
                    {
                        errors.Add(at, $"The parameter {name} must be a reference, ${{env:NAME}}, ${{file:path}}, ${{prompt}} or an object of source and secret: no secret stands in a file.");
                    }
                }
            }
        }
    }
}
