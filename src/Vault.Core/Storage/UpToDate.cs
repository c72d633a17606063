using Vault.Core.Audit;

namespace Vault.Core.Storage;

/// <summary>Whether this process knows what others have changed; where it has the database to itself, it always does.</summary>
public sealed class UpToDate(TimeProvider time) : ISharedKnowledge
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private long _confirmed;

    /// <summary>Whether it last looked more than five seconds ago.</summary>
    public bool IsDoubtful => Age > Patience;

    /// <inheritdoc />
    public TimeSpan Age => Volatile.Read(ref _confirmed) is not 0 and var at ? time.GetElapsedTime(at) : TimeSpan.Zero;

    /// <summary>It has just looked.</summary>
    internal void Confirm() => Volatile.Write(ref _confirmed, time.GetTimestamp());
}
