using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Secrets;

namespace Vault.Core.Audit.Spools;

/// <summary>What the mark says.</summary>
/// <param name="Spool">Which spool was used last.</param>
/// <param name="Count">How many records it had.</param>
/// <param name="IsReplayed">Whether all of them are in the database.</param>
/// <param name="Mac">Under the vault's key, base64url.</param>
internal sealed record SpoolMarked(Guid Spool, long Count, bool IsReplayed, string Mac);

/// <summary>
/// A small file in the data directory that says how much is in the spool, so that a spool that was cut or removed while the vault was down is
/// missed. Written over with every group of records, not flushed: it outlives the process; after a loss of power it says too little, never too much.
/// </summary>
internal sealed class SpoolMark(string path, IntegrityKey key)
{
    private const int Size = 256;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Writes it.</summary>
    /// <param name="spool">Which spool.</param>
    /// <param name="count">How many records it has.</param>
    /// <param name="isReplayed">Whether all of them are in the database.</param>
    /// <param name="isDurable">Whether it has to outlive a loss of power.</param>
    /// <returns>What it says now.</returns>
    public SpoolMarked Set(Guid spool, long count, bool isReplayed, bool isDurable)
    {
        var mark = new SpoolMarked(spool, count, isReplayed, Base64Url.EncodeToString(MacOf(spool, count, isReplayed)));
        var bytes = new byte[Size];
        bytes.AsSpan().Fill((byte)' ');
        bytes[^1] = (byte)'\n';
        JsonSerializer.SerializeToUtf8Bytes(mark, Json).CopyTo(bytes, 0);
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        RandomAccess.Write(file, bytes, 0);
        if (isDurable)
        {
            RandomAccess.FlushToDisk(file);
        }

        return mark;
    }

    /// <summary>What it says; null where there is none, or the vault didn't write what is there.</summary>
    public SpoolMarked? Read()
    {
        try
        {
            return JsonSerializer.Deserialize<SpoolMarked>(File.ReadAllBytes(path), Json) is { } mark && Base64Url.IsValid(mark.Mac)
                && CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(mark.Mac), MacOf(mark.Spool, mark.Count, mark.IsReplayed)) ? mark : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    private byte[] MacOf(Guid spool, long count, bool isReplayed) =>
        key.Mac(LengthPrefixed.Begin(CryptographicLabels.AuditSpoolMark).Add(spool).Add(count).Add(isReplayed ? 1 : 0));
}
