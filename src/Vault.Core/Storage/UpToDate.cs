namespace Vault.Core.Storage;

/// <summary>Whether this process knows what others have changed; where it has the database to itself, it always does.</summary>
public sealed class UpToDate(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private long _confirmed;

    /// <summary>Whether it last looked more than five seconds ago.</summary>
    public bool IsDoubtful => Volatile.Read(ref _confirmed) is not 0 and var at && time.GetElapsedTime(at) > Patience;

    /// <summary>It has just looked.</summary>
    internal void Confirm() => Volatile.Write(ref _confirmed, time.GetTimestamp());
}
