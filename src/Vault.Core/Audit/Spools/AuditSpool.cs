using Microsoft.Extensions.Logging;
using Vault.Core.Secrets;

namespace Vault.Core.Audit.Spools;

/// <summary>
/// Keeps records on local disk while the database is away, durably, until they are in the chain: <c>Vault:Audit:Spool</c>. One goes on adding to
/// it while another takes out what was there first. Bounded by its size, by the disk, and by how long this process may go on without the database.
/// </summary>
public sealed partial class AuditSpool : IDisposable
{
    /// <summary>What is left of the spool's size for the records of callouts that are under way.</summary>
    private const long Reserve = 1 << 20;
    private const long LeastSpace = 8 << 20;
    private const int MostInPage = 2_048;

    private readonly AuditOptions _options;
    private readonly string _directory;
    private readonly IntegrityKey _key;
    private readonly SpoolMark _mark;
    private readonly TimeProvider _time;
    private readonly ISharedKnowledge? _knowledge;
    private readonly ILogger<AuditSpool>? _logger;
    private readonly Lock _gate = new();
    private readonly Queue<(string Path, Guid Id)> _left = [];
    private SpoolMarked? _marked;
    private SpoolFile? _file;
    private FileStream? _lock;
    private DriveInfo? _disk;
    private long _began;
    private bool _isMarkBehind;

    /// <summary>Takes what it needs; nothing is read or written yet.</summary>
    public AuditSpool(AuditOptions options, IntegrityKey key, TimeProvider time, ISharedKnowledge? knowledge = null, ILogger<AuditSpool>? logger = null)
    {
        (_options, _key, _time, _knowledge, _logger) = (options, key, time, knowledge, logger);
        _directory = Path.GetFullPath(options.SpoolDirectory ?? throw new InvalidOperationException("There is no spool."));
        _mark = new SpoolMark(options.SpoolMarkPath, key);
    }

    /// <summary>Whether records wait in it, or the database was away a moment ago.</summary>
    public bool IsInUse => Volatile.Read(ref _file) is not null;

    /// <summary>How many records wait in it.</summary>
    public long Waiting
    {
        get
        {
            lock (_gate)
            {
                return _file is { } file ? Math.Max(0, file.Count - file.Read.Number) : 0;
            }
        }
    }

    /// <summary>How many records were taken out of it, and how many it must have at least; while it isn't in use, what its mark says.</summary>
    internal (long Moved, long Count) Progress
    {
        get
        {
            lock (_gate)
            {
                return _file is { } file ? (file.Read.Number, file.Count) : (0, _marked?.Count ?? 0);
            }
        }
    }

    /// <summary>Whether less than a page is left in it.</summary>
    internal bool IsNearlyEmpty
    {
        get
        {
            lock (_gate)
            {
                return _file is not { } file || file.Length - file.Read.Offset < SpoolFile.PageBytes;
            }
        }
    }

    /// <summary>Whether callouts may go on by it: there is room and, while the database is away, it isn't too long since this process knew what others change.</summary>
    /// <param name="isAway">Whether it is away.</param>
    public bool HasRoom(bool isAway)
    {
        lock (_gate)
        {
            return _file is { IsBroken: false } file && file.Length + Reserve <= Most && HasSpace
                && (!isAway || (_time.GetElapsedTime(_began) < Longest && (_knowledge?.Age ?? TimeSpan.Zero) < Longest));
        }
    }

    // A disk that can't be asked is none to begin anything by.
    private bool HasSpace
    {
        get
        {
            try
            {
                return _disk?.AvailableFreeSpace is not < LeastSpace;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    private long Most => (long)_options.SpoolMegabytes << 20;

    private TimeSpan Longest => TimeSpan.FromSeconds(_options.SpoolSeconds);

    /// <summary>Takes the directory for this process, and finds what an earlier one left.</summary>
    /// <returns>What is wrong with it, one of <see cref="AuditFaults"/>; null: nothing.</returns>
    /// <exception cref="VaultStartException">It can't be used.</exception>
    internal string? Open()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(_directory);
            }
            else
            {
                Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            _lock = new FileStream(Path.Combine(_directory, "audit-spool.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            _disk = new DriveInfo(_directory);
            _marked = _mark.Read();
            foreach (var left in SpoolFile.Find(_directory))
            {
                _left.Enqueue(left);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The directory {_directory} (Vault:Audit:Spool) can't be written, or another vault uses it.", exception);
        }

        return _marked is { IsReplayed: false, Count: > 0 } && !_left.Any(left => left.Id == _marked.Spool) ? AuditFaults.Missing : null;
    }

    /// <summary>What <see cref="Open"/> found to be wrong is on record.</summary>
    internal void NoteTold()
    {
        lock (_gate)
        {
            _marked = _marked is { } marked ? _mark.Set(marked.Spool, marked.Count, isReplayed: true, isDurable: true) : null;
        }
    }

    /// <summary>Goes to the next spool that an earlier process left; false: there is none.</summary>
    internal bool NextLeft()
    {
        lock (_gate)
        {
            if (!_left.TryDequeue(out var left))
            {
                return false;
            }

            _file = SpoolFile.Open(_key, left.Path, left.Id, _marked is { IsReplayed: false } && _marked.Spool == left.Id ? _marked.Count : 0);
            return true;
        }
    }

    /// <summary>Whether nobody can say how many records the spool that is in use must have: its mark is gone, or not the vault's.</summary>
    internal bool IsUnmarked
    {
        get
        {
            lock (_gate)
            {
                return _file is not null && _marked?.Spool != _file.Id;
            }
        }
    }

    /// <summary>Begins to be used; false: it can't be written.</summary>
    internal bool TryBegin()
    {
        lock (_gate)
        {
            try
            {
                // The mark first: a file that none tells of is never the vault's doing.
                var id = Guid.NewGuid();
                _marked = _mark.Set(id, 0, isReplayed: false, isDurable: true);
                (_file, _began) = (SpoolFile.Create(_key, _directory, id), _time.GetTimestamp());
                return true;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Keeps records, durably, all or none; false: they can't be.</summary>
    internal bool TryAdd(IReadOnlyList<AuditEvent> events)
    {
        lock (_gate)
        {
            if (_file is not { IsBroken: false } file || file.Length > Most)
            {
                return false;
            }

            try
            {
                file.Add(events);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }

            try
            {
                _marked = _mark.Set(file.Id, file.Count, isReplayed: false, isDurable: false);
                _isMarkBehind = false;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The records are kept; the mark says too little until it can be written. Said once, not for each batch.
                if (_logger is not null && !_isMarkBehind)
                {
                    LogNoMark(_logger, exception.GetType().Name);
                }

                _isMarkBehind = true;
            }

            return true;
        }
    }

    /// <summary>The records that wait first; none and no fault: there are none.</summary>
    internal SpoolPage Next()
    {
        lock (_gate)
        {
            return _file?.Next(MostInPage) ?? throw new InvalidOperationException("The spool isn't in use.");
        }
    }

    /// <summary>These are in the database.</summary>
    internal void Done(SpoolPage page)
    {
        lock (_gate)
        {
            _file?.Read = page.Place;
        }
    }

    /// <summary>All that was in it is in the database, or it was damaged and that is on record: it is no longer in use.</summary>
    internal void End(bool isDamaged)
    {
        lock (_gate)
        {
            if (_file is not { } file)
            {
                return;
            }

            // The mark first: a file that is still there is read again, and found to be in the database.
            _marked = _mark.Set(file.Id, file.Count, isReplayed: true, isDurable: true);

            // Whatever comes of removing it, nothing more goes into it.
            _file = null;
            if (isDamaged || file.Read.Offset < file.Length)
            {
                file.SetAside();
            }
            else
            {
                file.Delete();
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
            _lock?.Dispose();
        }
    }

    [LoggerMessage(6014, LogLevel.Error, "The mark of the spool of audit records could not be written: {Fault}. Until it can, nobody would notice that the spool's end was cut off.")]
    private static partial void LogNoMark(ILogger logger, string fault);
}
