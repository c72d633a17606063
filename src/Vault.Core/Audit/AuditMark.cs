using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Vault.Core.Secrets;

namespace Vault.Core.Audit;

/// <summary>What the mark says.</summary>
/// <param name="Sequence">Of the last record.</param>
/// <param name="Segment">Of the last record.</param>
/// <param name="Hash">Of the last record, base64url.</param>
/// <param name="Checkpoints">How many checkpoints were written.</param>
/// <param name="Mac">Under the vault's key, base64url.</param>
public sealed record AuditMarked(long Sequence, int Segment, string Hash, long Checkpoints, string Mac)
{
    /// <summary>The last record.</summary>
    public AuditHead Head => new(Sequence, Segment, Base64Url.DecodeFromChars(Hash));
}

/// <summary>
/// A small file beside the database that says where the chain ends, written over after every commit: what was recorded since the
/// last checkpoint can't be cut off unnoticed while the vault is down. It costs a few microseconds: it isn't flushed, since the
/// kernel keeps it when the process is killed, and after a loss of power it is behind the database, never ahead.
/// </summary>
public sealed class AuditMark : IDisposable
{
    private const int Size = 320;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly AuditOptions _options;
    private readonly IntegrityKey _key;
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _text = new(2 * Size);
    private readonly Utf8JsonWriter _json;
    private SafeFileHandle? _file;
    private AuditHead? _head;
    private long _checkpoints;

    /// <summary>The mark of this vault; nothing is read or written yet.</summary>
    public AuditMark(AuditOptions options, IntegrityKey key)
    {
        (_options, _key) = (options, key);
        _json = new Utf8JsonWriter(_text);
    }

    /// <summary>How many checkpoints this process knows of; 0: it wrote none.</summary>
    public long Checkpoints
    {
        get
        {
            lock (_gate)
            {
                return _checkpoints;
            }
        }
    }

    /// <summary>The chain ends here now.</summary>
    public void Set(AuditHead head)
    {
        lock (_gate)
        {
            _head = head;
            Write();
        }
    }

    /// <summary>So many checkpoints are on disk now.</summary>
    public void Set(long checkpoints)
    {
        lock (_gate)
        {
            _checkpoints = checkpoints;
            if (_head is not null)
            {
                Write();
            }
        }
    }

    /// <summary>Writes what another place's mark said, durably.</summary>
    public void Set(AuditHead head, long checkpoints)
    {
        lock (_gate)
        {
            (_head, _checkpoints) = (head, checkpoints);
            Write();
            RandomAccess.FlushToDisk(_file ??= Open());
        }
    }

    /// <summary>What the file says; null where there is none, or the vault didn't write what is there.</summary>
    public AuditMarked? Read()
    {
        try
        {
            using var file = new FileStream(_options.MarkPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[Size];
            var count = file.ReadAtLeast(bytes, Size, throwOnEndOfStream: false);
            return JsonSerializer.Deserialize<AuditMarked>(bytes.AsSpan(0, count), Json) is { Hash: not null, Mac: not null } mark
                && Base64Url.IsValid(mark.Hash) && Base64Url.IsValid(mark.Mac)
                && CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(mark.Mac), MacOf(mark.Head, mark.Checkpoints)) ? mark : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _json.Dispose();
        _file?.Dispose();
    }

    // In one write, of the same length each time, after every transaction: the buffers are kept.
    private void Write()
    {
        var head = _head ?? AuditChain.Beginning;
        _text.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteNumber("sequence"u8, head.Sequence);
        _json.WriteNumber("segment"u8, head.Segment);
        WriteBytes("hash"u8, head.Hash);
        _json.WriteNumber("checkpoints"u8, _checkpoints);
        WriteBytes("mac"u8, MacOf(head, _checkpoints));
        _json.WriteEndObject();
        _json.Flush();
        var rest = _text.GetSpan(Size)[..(Size - _text.WrittenCount)];
        rest.Fill((byte)' ');
        rest[^1] = (byte)'\n';
        _text.Advance(rest.Length);
        RandomAccess.Write(_file ??= Open(), _text.WrittenSpan, 0);
    }

    private void WriteBytes(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Span<byte> text = stackalloc byte[Base64Url.GetEncodedLength(value.Length)];
        Base64Url.EncodeToUtf8(value, text);
        _json.WriteString(name, text);
    }

    private SafeFileHandle Open()
    {
        var file = File.OpenHandle(_options.MarkPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return file;
    }

    private byte[] MacOf(AuditHead head, long checkpoints) =>
        _key.Mac(LengthPrefixed.Begin(CryptographicLabels.AuditMark).Add(head.Sequence).Add(head.Segment).Add(head.Hash).Add(checkpoints));
}
