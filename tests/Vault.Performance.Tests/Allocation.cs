namespace Vault.Performance.Tests;

/// <summary>What callouts allocated.</summary>
/// <param name="BytesPerCallout">In the leanest window of callouts.</param>
/// <param name="Callouts">In all measured windows.</param>
/// <param name="Gen0">Collections in all measured windows.</param>
/// <param name="Gen1">The same of generation 1.</param>
/// <param name="Gen2">The same of generation 2.</param>
internal sealed record Allocation(double BytesPerCallout, int Callouts, int Gen0, int Gen1, int Gen2)
{
    private const int Window = 1_000;
    private const int Windows = 8;
    private const int MostWarmUps = 40;

    /// <summary>
    /// Sends until the code is compiled for good (a window allocates as much as the one before), then measures. The least of the
    /// windows counts: what the rest of the process allocates in between can only add to a window.
    /// </summary>
    public static Allocation Measure(Action<int> send)
    {
        var before = double.MaxValue;
        for (var index = 0; index < MostWarmUps; index++)
        {
            var warm = BytesPerCall(send);
            if (index >= 8 && Math.Abs(warm - before) < 0.01 * before)
            {
                break;
            }

            before = warm;
        }

        var (gen0, gen1, gen2) = (GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2));
        var least = double.MaxValue;
        for (var index = 0; index < Windows; index++)
        {
            least = Math.Min(least, BytesPerCall(send));
        }

        return new Allocation(
            Math.Round(least), Window * Windows, GC.CollectionCount(0) - gen0, GC.CollectionCount(1) - gen1, GC.CollectionCount(2) - gen2);
    }

    private static double BytesPerCall(Action<int> send)
    {
        var began = GC.GetTotalAllocatedBytes(precise: true);
        send(Window);
        return (GC.GetTotalAllocatedBytes(precise: true) - began) / (double)Window;
    }
}
