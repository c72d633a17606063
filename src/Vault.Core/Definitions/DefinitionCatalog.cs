namespace Vault.Core.Definitions;

/// <summary>Holds the definitions in force. Reading is free of locks; writers are serialised by Administration.</summary>
public sealed class DefinitionCatalog
{
    private volatile DefinitionSnapshot _current = DefinitionSnapshot.Empty;
    private volatile TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The definitions in force now.</summary>
    public DefinitionSnapshot Current => _current;

    /// <summary>Puts other definitions in force; requests under way keep those that they began with.</summary>
    public void Replace(DefinitionSnapshot snapshot)
    {
        _current = snapshot;
        Interlocked.Exchange(ref _replaced, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Waits until a definition in force is no longer what it was, or for so long.</summary>
    /// <param name="isStill">Whether it is what it was.</param>
    /// <param name="longest">How long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task WaitForChangeAsync(Func<DefinitionSnapshot, bool> isStill, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            // Taken first: what is replaced after it was looked at ends this.
            var replaced = _replaced.Task;
            if (!isStill(_current) || limit.IsCancellationRequested)
            {
                return;
            }

            await replaced.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
