using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Secrets;

namespace Vault.Core.Audit;

/// <summary>A signed statement of where the chain ended.</summary>
/// <param name="Number">1, 2, 3 … in the file.</param>
/// <param name="Sequence">Of the last record; 0: there was none yet.</param>
/// <param name="Segment">Of the last record.</param>
/// <param name="Hash">Of the last record, base64url.</param>
/// <param name="At">When.</param>
/// <param name="Previous">SHA-256 of the line before, base64url, so that a signature vouches for all lines before it.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 (IEEE P1363), base64url.</param>
public sealed record AuditCheckpoint(long Number, long Sequence, int Segment, string Hash, DateTimeOffset At, string Previous, string Signature)
{
    /// <summary>The record that it was signed for.</summary>
    public AuditHead Head => new(Sequence, Segment, Base64Url.DecodeFromChars(Hash));
}

/// <summary>What stands in the file.</summary>
/// <param name="Lines">The checkpoints, in order.</param>
/// <param name="LastHash">SHA-256 of the last line, base64url; null: nobody can say.</param>
/// <param name="Problem">Why they prove nothing, in words; null: they are as the vault wrote them.</param>
public sealed record AuditCheckpointFile(IReadOnlyList<AuditCheckpoint> Lines, string? LastHash, string? Problem);

/// <summary>
/// The file of signed checkpoints, one JSON object per line, each holding the hash of the line before, only ever appended to. A
/// database alone can't prove that its end wasn't cut off; this file, or a copy of it elsewhere, can.
/// </summary>
public sealed class AuditCheckpoints(AuditOptions options, IntegrityKey key)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly string Beginning = Base64Url.EncodeToString(AuditChain.Beginning.Hash);

    private long _number;
    private string _previous = Beginning;
    private long? _length;

    /// <summary>
    /// Finds where to go on. Where the file isn't as the vault left it, what is appended won't fit what is there: a signature of
    /// today's must not vouch for it.
    /// </summary>
    /// <param name="atLeast">How many lines there must be.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<AuditCheckpointFile> OpenAsync(long atLeast, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(cancellationToken);
        _number = Math.Max(atLeast, found.Lines.Count);
        _previous = found is { Problem: null, LastHash: { } hash } ? hash : Beginning;
        return found;
    }

    /// <summary>Appends one, durably; one at a time, after <see cref="OpenAsync"/>.</summary>
    /// <param name="head">Where the chain ends.</param>
    /// <param name="at">When.</param>
    /// <returns>Its number.</returns>
    public async Task<long> AddAsync(AuditHead head, DateTimeOffset at)
    {
        var number = _number + 1;
        using var signer = Key();
        var line = Sign(signer, number, head, at, _previous);
        var how = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(options.CheckpointPath, how);

        // What a write that failed, or a crash, left behind the last whole line goes.
        var length = _length ?? await WholeLinesAsync(file);
        if (length < file.Length)
        {
            file.SetLength(length);
        }

        _length = file.Length;
        file.Position = file.Length;
        await file.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
        file.Flush(flushToDisk: true);
        _length = null;
        _number = number;
        _previous = HashOf(line);
        return number;
    }

    /// <summary>Reads them. A last line that a crash cut short is left out.</summary>
    public async Task<AuditCheckpointFile> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(options.CheckpointPath))
        {
            return new AuditCheckpointFile([], null, $"The file of signed checkpoints, {options.CheckpointPath}, is missing.");
        }

        string text;
        await using (var file = new FileStream(options.CheckpointPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var reader = new StreamReader(file))
        {
            text = await reader.ReadToEndAsync(cancellationToken);
        }

        return Read(text, mayBeginLater: options.IsShared);
    }

    /// <summary>
    /// Signs anew, from the beginning of the log, what a process signed that joined others on one log later than that. A vault that has a log to
    /// itself takes a file that begins later for one whose beginning is gone, so whoever restores it there vouches, once, that it never had another.
    /// </summary>
    /// <param name="text">The file, as an authentic backup of a shared log has it.</param>
    /// <returns>As many lines, and one before them; null: they begin with the log, or aren't as a vault wrote them, and stay as they are.</returns>
    public string? FromTheBeginning(string text)
    {
        if (Read(text, mayBeginLater: true) is not { Problem: null, Lines: [{ Sequence: not 0 }, ..] lines })
        {
            return null;
        }

        using var signer = Key();
        var anew = new StringBuilder();
        var (number, previous) = (0L, Beginning);

        // When there was no record yet nobody knows here; then there surely was none.
        foreach (var (head, at) in lines.Select(line => (line.Head, line.At)).Prepend((AuditChain.Beginning, DateTimeOffset.UnixEpoch)))
        {
            var line = Sign(signer, ++number, head, at, previous);
            anew.Append(line).Append('\n');
            previous = HashOf(line);
        }

        return anew.ToString();
    }

    /// <summary>The key that verifies them, as a PEM of its SubjectPublicKeyInfo.</summary>
    public string PublicKey()
    {
        using var signer = Key();
        return signer.ExportSubjectPublicKeyInfoPem();
    }

    private AuditCheckpointFile Read(string text, bool mayBeginLater)
    {
        var lines = new List<AuditCheckpoint>();
        var previous = Beginning;
        foreach (var line in text.Split('\n').SkipLast(1))
        {
            var number = lines.Count + 1;
            if (Parse(line) is not { } checkpoint || checkpoint.Number != number || checkpoint.Previous != previous)
            {
                return new AuditCheckpointFile(
                    lines, null, $"Line {number} of the checkpoints, {options.CheckpointPath}, isn't the one that the vault wrote there: lines were removed, changed or moved.");
            }

            lines.Add(checkpoint);
            previous = HashOf(line);
        }

        // Each line holds the hash of the one before it, so the last signature is for all of them.
        using var signer = Key();
        var problem = lines switch
        {
            [] => $"The file of signed checkpoints, {options.CheckpointPath}, is empty.",
            [{ Sequence: not 0 }, ..] when !mayBeginLater => $"The checkpoints, {options.CheckpointPath}, don't begin with the log: what was there before is missing.",
            [.., var last] when !IsSigned(signer, last) => $"The last line of the checkpoints, {options.CheckpointPath}, isn't signed by this vault.",
            _ => null,
        };
        return new AuditCheckpointFile(lines, previous, problem);
    }

    private static AuditCheckpoint? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditCheckpoint>(line, Json) is { Hash: not null, Signature: not null, Previous: not null } checkpoint
                && Base64Url.IsValid(checkpoint.Hash) && Base64Url.IsValid(checkpoint.Signature) ? checkpoint : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<long> WholeLinesAsync(FileStream file)
    {
        const int Longest = 4096;
        var tail = new byte[Math.Min(file.Length, Longest)];
        file.Position = file.Length - tail.Length;
        await file.ReadExactlyAsync(tail);
        return file.Length - tail.Length + tail.AsSpan().LastIndexOf((byte)'\n') + 1;
    }

    private static string HashOf(string line) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(line)));

    private static string Sign(ECDsa signer, long number, AuditHead head, DateTimeOffset at, string previous)
    {
        var signature = signer.SignData(Message(number, head.Sequence, head.Segment, head.Hash, at, previous), HashAlgorithmName.SHA256);
        return JsonSerializer.Serialize(
            new AuditCheckpoint(number, head.Sequence, head.Segment, Base64Url.EncodeToString(head.Hash), at, previous, Base64Url.EncodeToString(signature)), Json);
    }

    private static bool IsSigned(ECDsa signer, AuditCheckpoint checkpoint) => signer.VerifyData(
        Message(checkpoint.Number, checkpoint.Sequence, checkpoint.Segment, Base64Url.DecodeFromChars(checkpoint.Hash), checkpoint.At, checkpoint.Previous),
        Base64Url.DecodeFromChars(checkpoint.Signature), HashAlgorithmName.SHA256);

    private static byte[] Message(long number, long sequence, int segment, byte[] hash, DateTimeOffset at, string previous) =>
        LengthPrefixed.Begin(CryptographicLabels.AuditCheckpoint).Add(number).Add(sequence).Add(segment).Add(hash).Add(at).Add(previous).ToArray();

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
