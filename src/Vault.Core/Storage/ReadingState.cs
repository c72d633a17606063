using Vault.Core.Access;
using Vault.Core.Definitions;

namespace Vault.Core.Storage;

/// <summary>What is in force, and the reading that is under way to take its place: one lock, so that nothing that is changed meanwhile gets lost between the two.</summary>
internal sealed class ReadingState(DefinitionCatalog definitions, AccessCatalog access)
{
    private readonly Lock _gate = new();
    private volatile SnapshotReading? _reading;
    private volatile int _exposures;

    /// <summary>The reading that is under way; null: none.</summary>
    public SnapshotReading? Reading => _reading;

    /// <summary>Whether what is in force is all that there is.</summary>
    public bool IsWhole => _reading is not { IsInForce: true };

    /// <summary>How often <see cref="IsWhole"/> has ceased to be true, or what isn't whole was begun anew.</summary>
    public int Exposures => _exposures;

    /// <summary>Begins one, in the place of one that goes on. Who may enter is in force at once.</summary>
    public SnapshotReading Begin(Func<AccessSnapshot, AccessSnapshot> who)
    {
        lock (_gate)
        {
            var (before, reading) = (_reading, new SnapshotReading(definitions.Current));
            access.Replace(who(access.Current));

            // What is in force was never whole, nor is it meanwhile.
            var isPartial = before is { IsInForce: true };
            if (isPartial)
            {
                Mark(reading);
            }

            _reading = reading;
            if (isPartial)
            {
                PutTablesInForce(reading);
            }

            before?.End();
            return reading;
        }
    }

    /// <summary>Puts in force what it found so far: from now on, what isn't found may exist all the same.</summary>
    public void PutInForce(SnapshotReading reading)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_reading, reading) && !reading.IsInForce)
            {
                Mark(reading);
                PutTablesInForce(reading);
            }
        }
    }

    /// <summary>It has read everything.</summary>
    public void Complete(SnapshotReading reading)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_reading, reading))
            {
                reading.Close();
                PutTablesInForce(reading);
                _reading = null;
            }

            reading.End();
        }
    }

    /// <summary>Forgets it, and stays with what is in force; false: that is this one.</summary>
    public bool TryDrop(SnapshotReading reading)
    {
        lock (_gate)
        {
            if (reading.IsInForce)
            {
                return false;
            }

            _reading = ReferenceEquals(_reading, reading) ? null : _reading;
            reading.End();
            return true;
        }
    }

    /// <summary>Adds to a reading, if it is the one under way.</summary>
    public bool TryAdd(SnapshotReading reading, Action<SnapshotReading> add)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_reading, reading))
            {
                return false;
            }

            add(reading);
            return true;
        }
    }

    /// <summary>Puts a change in force, and in the reading that is under way.</summary>
    /// <param name="inReading">Makes it there.</param>
    /// <param name="inForce">Makes it in what is in force, where that isn't the reading's own.</param>
    public void Change(Action<SnapshotReading> inReading, Action inForce)
    {
        lock (_gate)
        {
            var reading = _reading;
            if (reading is not null)
            {
                inReading(reading);
            }

            if (reading is not { IsInForce: true })
            {
                inForce();
            }
        }
    }

    /// <summary>Puts in force who may enter.</summary>
    public void Change(Func<AccessSnapshot, AccessSnapshot> who)
    {
        lock (_gate)
        {
            access.Replace(who(access.Current));
        }
    }

    // Before its tables are in force: whoever finds nothing in them must not believe that this is all, and whoever saw the number go up sees the mark.
    private void Mark(SnapshotReading reading)
    {
        reading.IsInForce = true;
        _exposures++;
    }

    private void PutTablesInForce(SnapshotReading reading)
    {
        definitions.Replace(reading.Definitions);
        access.Replace(access.Current with { Grants = reading.Grants });
    }
}
