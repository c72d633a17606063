using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Audit.Spools;

/// <summary>Records that were read from a spool.</summary>
/// <param name="Events">In their order; all of them as the vault wrote them.</param>
/// <param name="Fault">What is wrong with what comes after them, one of <see cref="AuditFaults"/>; null: nothing, or not known yet.</param>
/// <param name="Place">Where the next ones are.</param>
internal sealed record SpoolPage(IReadOnlyList<AuditEvent> Events, string? Fault, SpoolPlace Place);

/// <summary>A place in a spool.</summary>
/// <param name="Offset">In bytes.</param>
/// <param name="Number">Of the record before it; 0: none.</param>
/// <param name="Hash">Of the record before it.</param>
internal readonly record struct SpoolPlace(long Offset, long Number, byte[] Hash);

/// <summary>
/// The records of one time without the database: a line of JSON each, with its number and a MAC over the file's id, the record and all before
/// it. It holds what rows of the audit hold, and nothing else. Used by one caller at a time.
/// </summary>
internal sealed class SpoolFile : IDisposable
{
    /// <summary>At most so much is read at once.</summary>
    public const int PageBytes = 1 << 20;

    private const string Prefix = "audit-spool-";
    private const string Suffix = ".jsonl";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly IntegrityKey _key;
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly ArrayBufferWriter<byte> _lines = new();
    private SpoolPlace _end;
    private bool _isBroken;

    private SpoolFile(IntegrityKey key, string path, Guid id, SafeFileHandle file, long count)
    {
        (_key, _path, Id, _file, Count) = (key, path, id, file, count);
        Read = _end = new SpoolPlace(0, 0, LengthPrefixed.Begin(CryptographicLabels.AuditSpool).Add(id).Sha256());
    }

    /// <summary>A line.</summary>
    private sealed record Line(long Number, AuditEvent Event, string Mac);

    /// <summary>Which one it is.</summary>
    public Guid Id { get; }

    /// <summary>How many records it must have at least.</summary>
    public long Count { get; private set; }

    /// <summary>Its length in bytes, as far as it counts.</summary>
    public long Length => _end.Offset;

    /// <summary>From where on nobody has read yet.</summary>
    public SpoolPlace Read { get; set; }

    /// <summary>Whether nothing more can be added: nobody knows what is on the disk.</summary>
    public bool IsBroken => _isBroken;

    /// <summary>Makes one, durably.</summary>
    public static SpoolFile Create(IntegrityKey key, string directory, Guid id)
    {
        var path = Path.Combine(directory, $"{Prefix}{id:N}{Suffix}");
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        DurableDirectory.Flush(directory);
        return new SpoolFile(key, path, id, file, 0);
    }

    /// <summary>Those that are there, the oldest first.</summary>
    public static IEnumerable<(string Path, Guid Id)> Find(string directory)
    {
        foreach (var file in new DirectoryInfo(directory).GetFiles($"{Prefix}*{Suffix}").OrderBy(file => file.LastWriteTimeUtc))
        {
            if (Guid.TryParseExact(file.Name[Prefix.Length..^Suffix.Length], "N", out var id))
            {
                yield return (file.FullName, id);
            }
        }
    }

    /// <summary>Opens one that an earlier process left; nothing is added to it.</summary>
    /// <param name="key">Authenticates it.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="id">Which one.</param>
    /// <param name="count">How many records it must have at least.</param>
    public static SpoolFile Open(IntegrityKey key, string path, Guid id, long count)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return new SpoolFile(key, path, id, file, count) { _end = new SpoolPlace(RandomAccess.GetLength(file), 0, []), _isBroken = true };
    }

    /// <summary>Adds records, durably; all of them or, with an exception, none.</summary>
    public void Add(IReadOnlyList<AuditEvent> events)
    {
        _lines.ResetWrittenCount();
        var (number, hash) = (_end.Number, _end.Hash);
        using (var json = new Utf8JsonWriter(_lines))
        {
            foreach (var audited in events)
            {
                number++;
                var normal = AuditChain.Normal(audited);
                hash = AuditChain.HashOf(number, 0, normal, hash);
                JsonSerializer.Serialize(json, new Line(number, normal, Base64Url.EncodeToString(MacOf(hash))), Json);
                json.Flush();
                json.Reset();
                _lines.Write("\n"u8);
            }
        }

        try
        {
            RandomAccess.Write(_file, _lines.WrittenSpan, _end.Offset);
        }
        catch (IOException)
        {
            // Part of it may be there; a line that nobody was promised mustn't stay.
            _isBroken = true;
            RandomAccess.SetLength(_file, _end.Offset);
            _isBroken = false;
            throw;
        }

        // What failed to be flushed once may pass for flushed the next time: nothing more goes into this file.
        _isBroken = true;
        RandomAccess.FlushToDisk(_file);
        _isBroken = false;
        _end = new SpoolPlace(_end.Offset + _lines.WrittenCount, number, hash);
        Count = number;
    }

    /// <summary>Reads records from <see cref="Read"/> on; none and no fault: that was all.</summary>
    /// <param name="most">At most so many.</param>
    public SpoolPage Next(int most)
    {
        var bytes = new byte[(int)Math.Min(PageBytes, _end.Offset - Read.Offset)];
        var length = 0;
        while (length < bytes.Length && RandomAccess.Read(_file, bytes.AsSpan(length), Read.Offset + length) is var count and > 0)
        {
            length += count;
        }

        var rest = bytes.AsSpan(0, length);
        var (events, place) = (new List<AuditEvent>(), Read);
        while (events.Count < most && rest.IndexOf((byte)'\n') is var end and >= 0)
        {
            if (Parse(rest[..end], place) is not ({ } audited, var next))
            {
                // A whole line is written by the vault, or by somebody else; that the mark asks for no more lines says nothing: after a loss of
                // power it says too little.
                return new SpoolPage(events, AuditFaults.Modified, place);
            }

            events.Add(audited);
            place = next;
            rest = rest[(end + 1)..];
        }

        if (events.Count > 0)
        {
            return new SpoolPage(events, null, place);
        }

        if (place.Number < Count)
        {
            return new SpoolPage(events, AuditFaults.Truncated, place);
        }

        if (rest.Length == PageBytes)
        {
            // No record is as long as that.
            return new SpoolPage(events, AuditFaults.Modified, place);
        }

        // A last line without an end is one that nobody was promised: it doesn't count.
        _end = _end with { Offset = place.Offset };
        return new SpoolPage(events, null, place);
    }

    /// <summary>Removes it; what is in it is elsewhere.</summary>
    public void Delete()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    /// <summary>Puts it aside, for whoever looks at what was done to it.</summary>
    public void SetAside()
    {
        _file.Dispose();
        if (File.Exists(_path))
        {
            File.Move(_path, _path + ".damaged", overwrite: true);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private (AuditEvent? Event, SpoolPlace Next) Parse(ReadOnlySpan<byte> bytes, SpoolPlace before)
    {
        try
        {
            if (JsonSerializer.Deserialize<Line>(bytes, Json) is { } line && line.Number == before.Number + 1 && Base64Url.IsValid(line.Mac))
            {
                var hash = AuditChain.HashOf(line.Number, 0, line.Event, before.Hash);
                if (CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(line.Mac), MacOf(hash)))
                {
                    return (line.Event, new SpoolPlace(before.Offset + bytes.Length + 1, line.Number, hash));
                }
            }
        }
        catch (JsonException)
        {
            // Not a line of the vault's.
        }

        return (null, before);
    }

    private byte[] MacOf(byte[] hash) => _key.Mac(LengthPrefixed.Begin(CryptographicLabels.AuditSpool).Add(Id).Add(hash));
}
