using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace Vault.Fuzz;

/// <summary>
/// Keeps the input that is being parsed in a file, so that one that takes the whole process down is known; and ends the process
/// where one takes too long, counted in processor time, so that a busy machine finds nothing.
/// </summary>
internal sealed class Watch : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly ITimer _timer;
    private readonly string _parser;
    private readonly Process _process = Process.GetCurrentProcess();
    private long _count;
    private long _seen = -1;
    private TimeSpan _since;

    /// <summary>Begins to watch.</summary>
    public Watch(string path, string parser)
    {
        _parser = parser;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, Mutator.MaxLength + 4);
        _view = _file.CreateViewAccessor();
        _timer = TimeProvider.System.CreateTimer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>An input is about to be parsed.</summary>
    public void Begin(byte[] input)
    {
        Interlocked.Increment(ref _count);
        _view.Write(0, input.Length);
        _view.WriteArray(4, input, 0, Math.Min(input.Length, Mutator.MaxLength));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        _view.Dispose();
        _file.Dispose();
        _process.Dispose();
    }

    private void Look()
    {
        _process.Refresh();
        var used = _process.TotalProcessorTime;
        var count = Interlocked.Read(ref _count);
        if (count != _seen)
        {
            (_seen, _since) = (count, used);
        }
        else if (used - _since > Limit)
        {
            Console.Error.WriteLine($"{_parser}: an input takes more than {Limit.TotalSeconds} s of processor time");
            Environment.Exit(134);
        }
    }
}
