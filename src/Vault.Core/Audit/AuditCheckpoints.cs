using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Secrets;

namespace Vault.Core.Audit;

/// <summary>A signed statement of where the chain ended.</summary>
/// <param name="Sequence">Of the last record.</param>
/// <param name="Segment">Of the last record.</param>
/// <param name="Hash">Of the last record, base64url.</param>
/// <param name="At">When.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 (IEEE P1363), base64url.</param>
public sealed record AuditCheckpoint(long Sequence, int Segment, string Hash, DateTimeOffset At, string Signature);

/// <summary>
/// The file of signed checkpoints, one JSON object per line, only ever appended to. A database alone can't prove that its end
/// wasn't cut off; this file, or a copy of it elsewhere, can.
/// </summary>
public sealed class AuditCheckpoints(AuditOptions options, IntegrityKey key)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The file.</summary>
    public string Path => options.CheckpointPath;

    /// <summary>Appends one, durably.</summary>
    public async Task AddAsync(AuditHead head, DateTimeOffset at)
    {
        using var signer = Key();
        var signature = signer.SignData(Message(head.Sequence, head.Segment, head.Hash, at), HashAlgorithmName.SHA256);
        var line = JsonSerializer.Serialize(
            new AuditCheckpoint(head.Sequence, head.Segment, Base64Url.EncodeToString(head.Hash), at, Base64Url.EncodeToString(signature)), Json) + "\n";
        var how = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(options.CheckpointPath, how);
        await file.WriteAsync(Encoding.UTF8.GetBytes(line));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Reads them; null where there is no file, or it holds a line whose signature is wrong. A last line that a crash cut short is left out.</summary>
    public async Task<IReadOnlyList<AuditCheckpoint>?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(options.CheckpointPath))
        {
            return null;
        }

        string text;
        await using (var file = new FileStream(options.CheckpointPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var reader = new StreamReader(file))
        {
            text = await reader.ReadToEndAsync(cancellationToken);
        }

        using var signer = Key();
        var lines = text.Split('\n');
        var checkpoints = new List<AuditCheckpoint>(lines.Length);
        foreach (var line in lines.SkipLast(1))
        {
            if (Parse(line) is not { } checkpoint || !IsSigned(signer, checkpoint))
            {
                return null;
            }

            checkpoints.Add(checkpoint);
        }

        return checkpoints;
    }

    /// <summary>The key that verifies them, as a PEM of its SubjectPublicKeyInfo.</summary>
    public string PublicKey()
    {
        using var signer = Key();
        return signer.ExportSubjectPublicKeyInfoPem();
    }

    private static AuditCheckpoint? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditCheckpoint>(line, Json) is { Hash: not null, Signature: not null } checkpoint
                && Base64Url.IsValid(checkpoint.Hash) && Base64Url.IsValid(checkpoint.Signature) ? checkpoint : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsSigned(ECDsa signer, AuditCheckpoint checkpoint) => signer.VerifyData(
        Message(checkpoint.Sequence, checkpoint.Segment, Base64Url.DecodeFromChars(checkpoint.Hash), checkpoint.At),
        Base64Url.DecodeFromChars(checkpoint.Signature), HashAlgorithmName.SHA256);

    private static byte[] Message(long sequence, int segment, byte[] hash, DateTimeOffset at) =>
        LengthPrefixed.Begin(CryptographicLabels.AuditCheckpoint).Add(sequence).Add(segment).Add(hash).Add(at).ToArray();

    // Made of the vault's own key, so that there is nothing more to keep: a number below the curve's order, found at the first try but for one in 2^32.
    private ECDsa Key()
    {
        for (var attempt = 0L; ; attempt++)
        {
            try
            {
                return ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    D = key.Mac(LengthPrefixed.Begin(CryptographicLabels.AuditSigningKey).Add(attempt)),
                });
            }
            catch (CryptographicException) when (attempt < 8)
            {
                // Not below the order: the next one.
            }
        }
    }
}
