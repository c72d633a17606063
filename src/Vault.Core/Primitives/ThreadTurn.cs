using System.Diagnostics;

namespace Vault.Core.Primitives;

/// <summary>
/// How long a loop has kept the thread that it runs on. Where both sides are always ready nothing waits, so that nobody else's turn would come: with
/// <c>Vault:InlineSockets</c> that thread is the one of all connections.
/// </summary>
internal struct ThreadTurn
{
    private static readonly long Longest = Stopwatch.Frequency / 500;

    private long _since;

    /// <summary>Whether the loop has kept it for 2 ms, and is to go on behind the others (<see cref="Task.Yield"/>).</summary>
    /// <param name="hasWaited">It has just waited for something, and holds nobody up.</param>
    public bool IsOver(bool hasWaited)
    {
        var now = Stopwatch.GetTimestamp();
        if (!hasWaited && _since != 0 && now - _since < Longest)
        {
            return false;
        }

        var isOver = !hasWaited && _since != 0;
        _since = now;
        return isOver;
    }
}
