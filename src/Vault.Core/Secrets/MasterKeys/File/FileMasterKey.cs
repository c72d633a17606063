using System.Security.Cryptography;
using System.Text;
using Vault.Core.Primitives;
using DiskFile = System.IO.File;

namespace Vault.Core.Secrets.MasterKeys.File;

/// <summary>The master key in a file: base64 of 32 bytes, readable by its owner alone.</summary>
internal sealed class FileMasterKey(string path, string setting) : IMasterKeyProvider
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc />
    public string Name => "file";

    /// <summary>Where it is.</summary>
    public string Path => path;

    /// <summary>Reads the settings.</summary>
    public static FileMasterKey Read(MasterKeySettings settings) =>
        new(settings.Find("Path") ?? settings.DefaultPath ?? settings.Require("Path"), settings.NameOf("Path"));

    /// <inheritdoc />
    public async Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken)
    {
        if (!DiskFile.Exists(Path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (DiskFile.GetUnixFileMode(Path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
        {
            throw new VaultStartException($"The master key file {Path} ({setting}) is readable by others than its owner; run chmod 600 on it.");
        }

        var text = (await ReadAsync(cancellationToken)).Trim();
        var key = new byte[32];
        if (!Convert.TryFromBase64String(text, key, out var length) || length != key.Length || text.Length != 44)
        {
            throw new VaultStartException($"The master key file {Path} ({setting}) must hold the base64 of 32 bytes.");
        }

        return key;
    }

    /// <inheritdoc />
    public async Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        // Written whole under another name first: a crash leaves either no key or the key.
        var temporary = Path + "." + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = OwnerOnly;
        }

        try
        {
            var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) ?? throw new IOException("The path is a root.");
            Directory.CreateDirectory(directory);
            await using (var stream = new FileStream(temporary, create))
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"), cancellationToken);
                stream.Flush(flushToDisk: true);
            }

            DiskFile.Move(temporary, Path, overwrite: false);
            DurableDirectory.Flush(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The master key file {Path} ({setting}) can't be written.", exception);
        }

        return new NewMasterKey(key, null);
    }

    private async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await DiskFile.ReadAllTextAsync(Path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The master key file {Path} ({setting}) can't be read.", exception);
        }
    }
}
