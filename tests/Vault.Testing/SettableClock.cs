namespace Vault.Testing;

/// <summary>
/// The wall clock of a process of its own (libfaketime), which can be set while it runs; what the process counts isn't touched, as where somebody
/// sets the clock of a machine.
/// </summary>
public sealed class SettableClock : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    /// <summary>Starts with the machine's time.</summary>
    public SettableClock() => Set(TimeSpan.Zero);

    /// <summary>The environment of a process that goes by it.</summary>
    public IEnumerable<(string Name, string Value)> Environment =>
    [
        ("LD_PRELOAD", Library()),
        ("FAKETIME_TIMESTAMP_FILE", _file),
        ("FAKETIME_CACHE_DURATION", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),

        // For an old glibc; with a new one every wait ends at once.
        ("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
        ("NO_FAKE_STAT", "1"),
    ];

    /// <summary>Sets it so far ahead of the machine's, or behind; in force within a second.</summary>
    public void Set(TimeSpan ahead)
    {
        // In one step: it is read at any moment.
        var next = _file + ".next";
        File.WriteAllText(next, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0;-0;+0}\n"));
        File.Move(next, _file, overwrite: true);
    }

    /// <inheritdoc />
    public void Dispose() => File.Delete(_file);

    private static string Library() => Directory.GetDirectories("/usr/lib").Append("/usr/lib").Select(directory => Path.Combine(directory, "faketime", "libfaketimeMT.so.1"))
        .FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("libfaketime is missing; test.sh installs it.");
}
