using System.Text.Json;
using Vault.Cli.Terminals;

namespace Vault.Cli.Logins;

/// <summary>What <c>vault login</c> keeps.</summary>
/// <param name="Url">The address of the vault.</param>
/// <param name="Key">The key, for that address alone.</param>
internal sealed record SavedLogin(string Url, string Key)
{
    /// <summary>Never the key.</summary>
    public override string ToString() => Url;
}

/// <summary>The file that holds it: only its owner may read it (mode 0600), or commands end in a sentence that says so.</summary>
internal static class LoginFile
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where it is.</summary>
    public static string PathOf(Surroundings surroundings) => Path.Combine(surroundings.ConfigDirectory, "vault", "login.json");

    /// <summary>Reads it; null where there is none.</summary>
    /// <exception cref="CommandFailure">Others may read it, or it is damaged.</exception>
    public static SavedLogin? Read(Surroundings surroundings)
    {
        var path = PathOf(surroundings);
        if (!File.Exists(path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~Own) != 0)
        {
            throw CommandFailure.Usage($"{path} holds a key and can be read by others: run `chmod 600 {path}`, or delete it and run `vault login`.");
        }

        try
        {
            return JsonSerializer.Deserialize<SavedLogin>(File.ReadAllText(path), JsonSerializerOptions.Web) is { Url: not null, Key: not null } login
                ? login
                : throw new JsonException();
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be read; delete it and run `vault login`.");
        }
    }

    /// <summary>Writes it, in place of the one before.</summary>
    public static void Write(Surroundings surroundings, SavedLogin login)
    {
        var path = PathOf(surroundings);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, Own | UnixFileMode.UserExecute);
            }

            // Never there for others to read, not even for a moment.
            var draft = path + "." + Guid.NewGuid().ToString("N");
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = Own;
            }

            using (var file = new FileStream(draft, options))
            {
                JsonSerializer.Serialize(file, login, JsonSerializerOptions.Web);
            }

            File.Move(draft, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be written ({fault.GetType().Name}); set VAULT_URL and VAULT_KEY instead.");
        }
    }

    /// <summary>Deletes it; whether there was one.</summary>
    /// <exception cref="CommandFailure">It can't be deleted.</exception>
    public static bool Delete(Surroundings surroundings)
    {
        var path = PathOf(surroundings);
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be deleted ({fault.GetType().Name}).");
        }
    }
}
