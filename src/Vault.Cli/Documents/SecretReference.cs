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
    private const int MostBytes = 256 * 1024;

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
    public string? Resolve(Surroundings surroundings, DocumentErrors errors)
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
                return ReadFile(surroundings, errors);
        }
    }

    private string? ReadFile(Surroundings surroundings, DocumentErrors errors)
    {
        var path = Path.GetFullPath(Source, Path.GetDirectoryName(surroundings.PathOf(At.File)) ?? surroundings.WorkingDirectory);
        try
        {
            if (new FileInfo(path).Length > MostBytes)
            {
                errors.Add(At, $"The file {Source} is too long for a secret.");
                return null;
            }

            var text = SecretInput.Trim(File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)));
            if (text.Length == 0)
            {
                errors.Add(At, $"The file {Source} is empty; it is to hold {Subject}.");
            }

            return text;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.Add(At, $"The file {Source}, which is to hold {Subject}, can't be read: {(fault is FileNotFoundException or DirectoryNotFoundException ? "there is none" : "access is denied")}.");
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
                    if (value is null)
                    {
                        continue;
                    }

                    var at = placeOf($"$.externalCredentials[{index}].principals[{number}].parameters.{name}");
                    if (Parse(value.GetValue<string>(), $"{externals[index]!["name"]}/{principals[number]!["name"]} {name}", at) is { } reference)
                    {
                        yield return ((JsonObject)principals[number]!["parameters"]!, name, reference);
                    }
                    else
                    {
                        errors.Add(at, $"The parameter {name} must be a reference, ${{env:NAME}}, ${{file:path}} or ${{prompt}}: no secret stands in a file.");
                    }
                }
            }
        }
    }
}
