using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace Vault.Core.Storage.Backups;

/// <summary>
/// What stands in the clear before a backup: how its key is found, never the key. Every piece behind it is bound to these very bytes.
/// </summary>
/// <param name="Format">1.</param>
/// <param name="MadeBy">The version of the vault.</param>
/// <param name="At">When.</param>
/// <param name="MasterKeyProvider">Which provider has the master key.</param>
/// <param name="MasterKeyCheckValue">Which master key it is.</param>
/// <param name="MasterKeyKept">The master key as a provider wrapped it; null: the provider needs nothing.</param>
/// <param name="Salt">Of this backup's key.</param>
/// <param name="NoncePrefix">Of every piece's nonce.</param>
internal sealed record BackupHeader(
    int Format, string MadeBy, DateTimeOffset At, string MasterKeyProvider, byte[] MasterKeyCheckValue, byte[]? MasterKeyKept, byte[] Salt, byte[] NoncePrefix)
{
    public const int SaltSize = 32;
    public const int NoncePrefixSize = 7;
    private const int Longest = 64 * 1024;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private static ReadOnlySpan<byte> Magic => "vault-backup-1\n"u8;

    /// <summary>Writes it.</summary>
    /// <returns>The hash that pieces are bound to.</returns>
    public async Task<byte[]> WriteAsync(Stream output, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, Json);
        var bytes = new byte[Magic.Length + 4 + json.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Magic.Length), json.Length);
        json.CopyTo(bytes, Magic.Length + 4);
        await output.WriteAsync(bytes, cancellationToken);
        return SHA256.HashData(bytes);
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="BackupDamagedException">It isn't one.</exception>
    public static async Task<(BackupHeader Header, byte[] Hash)> ReadAsync(Stream input, CancellationToken cancellationToken)
    {
        try
        {
            var start = new byte[Magic.Length + 4];
            await input.ReadExactlyAsync(start, cancellationToken);
            var length = BinaryPrimitives.ReadInt32BigEndian(start.AsSpan(Magic.Length));
            if (start.AsSpan().StartsWith(Magic) && length is > 0 and <= Longest)
            {
                var json = new byte[length];
                await input.ReadExactlyAsync(json, cancellationToken);
                if (JsonSerializer.Deserialize<BackupHeader>(json, Json) is { Format: 1, Salt.Length: SaltSize, NoncePrefix.Length: NoncePrefixSize } header)
                {
                    return (header, SHA256.HashData([.. start, .. json]));
                }
            }
        }
        catch (Exception exception) when (exception is EndOfStreamException or JsonException)
        {
            throw new BackupDamagedException("The file is no backup of a vault, or its beginning is damaged.", exception);
        }

        throw new BackupDamagedException("The file is no backup of a vault, or its beginning is damaged.");
    }
}
