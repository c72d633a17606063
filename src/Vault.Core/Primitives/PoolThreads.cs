namespace Vault.Core.Primitives;

/// <summary>
/// Keeps work on the threads of the pool. With <c>Vault:InlineSockets</c>, what follows an await of a database over the network goes on
/// on the thread of a socket, which many connections share: all of their callouts wait for whatever is computed, compiled or blocks there.
/// </summary>
public static class PoolThreads
{
    // Not the default one, which lets what follows an await go on wherever it was completed. Bounded by the pool alone.
    private static readonly TaskScheduler Scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, maxConcurrencyLevel: -1).ConcurrentScheduler;

    /// <summary>Runs it there, with all that follows its awaits, and theirs.</summary>
    public static Task RunAsync(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler).Unwrap();
}
