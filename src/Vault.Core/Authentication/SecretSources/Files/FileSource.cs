using System.Text;
using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources.Files;

/// <summary>
/// Files in one directory, as Docker, Kubernetes and systemd mount secrets: <c>secret</c> is the name of a file below it. One line break at the end is
/// not part of the value. With <c>field</c>, the file is a JSON object.
/// </summary>
internal sealed class FileSource(string directory, string source) : ISecretSource
{
    private const int Limit = 65_536;

    /// <summary>Reads the settings.</summary>
    public static FileSource Read(SecretSourceSettings settings)
    {
        settings.AllowOnly("Directory");
        var directory = Path.GetFullPath(settings.Require("Directory"));
        return Directory.Exists(directory) ? new FileSource(directory, settings.Source) : throw settings.Bad("Directory", "is no directory that this vault can see");
    }

    /// <inheritdoc />
    public string? Check(SecretReference reference) =>
        reference.Version is not null ? "names a version, which files don't have"
        : reference.Secret.Split('/').All(part => part.Length > 0 && part is not ("." or "..") && part.IndexOfAny(['\\', ':', '\0']) < 0) ? null
        : "names no file below the source's directory";

    /// <inheritdoc />
    public async Task<Result<SecretText>> GetAsync(SecretReference reference, CancellationToken cancellationToken)
    {
        try
        {
            var path = Path.Combine(directory, reference.Secret);
            await using var file = File.OpenRead(Resolve(path) ?? throw new FileNotFoundException());
            if (file.Length > Limit)
            {
                return Failed($"the file has more than {Limit} bytes");
            }

            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellationToken);
            return Value(bytes, reference.Field) ?? (Result<SecretText>)Failed("has no such value");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Failed($"the file can't be read: {exception.GetType().Name}");
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            return Failed($"the file is not {(reference.Field is null ? "text in UTF-8" : "a JSON object in UTF-8")}");
        }
    }

    // Mounts are full of links, and where those lead is below the directory, too; a link that leads elsewhere is not followed.
    private string? Resolve(string path)
    {
        var real = RealPath(path);
        var root = RealPath(directory);
        return real is not null && root is not null && real.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal) ? real : null;
    }

    private static string? RealPath(string path)
    {
        // Links in the middle of a path count too, so each part is looked at.
        var real = "/";
        var parts = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (var links = 0; parts.TryPop(out var part);)
        {
            if (part is "..")
            {
                real = Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            if (part is ".")
            {
                continue;
            }

            var next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > 40)
            {
                return null;
            }

            real = target.StartsWith('/') ? "/" : real;
            foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                parts.Push(step);
            }
        }

        return real;
    }

    private static SecretText? Value(byte[] bytes, string? field)
    {
        if (field is not null)
        {
            using var json = JsonDocument.Parse(bytes);
            return SourceRequest.Field(json.RootElement, field);
        }

        var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        return text.Length > 0 ? new SecretText(text) : null;
    }

    private VaultError Failed(string clause) => new(ErrorCodes.TokenRequestFailed, $"The secret source {source}: {clause}.");
}
