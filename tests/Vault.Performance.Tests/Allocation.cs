namespace Vault.Performance.Tests;

/// <summary>What callouts allocated.</summary>
/// <param name="BytesPerCallout">On average.</param>
/// <param name="Least">In the leanest window: what the rest of the process allocates in between can only add to one.</param>
/// <param name="Callouts">How many were measured.</param>
/// <param name="Gen0">Collections while they were.</param>
/// <param name="Gen1">The same of generation 1.</param>
/// <param name="Gen2">The same of generation 2.</param>
internal sealed record Allocation(double BytesPerCallout, double Least, int Callouts, int Gen0, int Gen1, int Gen2)
{
    private const int Window = 500;
    private const int Windows = 8;
    private const int LeastWarmUps = 30;
    private const int MostWarmUps = 60;

    /// <summary>Sends until the code is compiled for good (a window allocates as much as the one before), then measures.</summary>
    public static Allocation Measure(Action<int> send)
    {
        var before = double.MaxValue;
        for (var index = 0; index < MostWarmUps; index++)
        {
            var warm = InWindow(send);
            if (index >= LeastWarmUps && Math.Abs(warm - before) < 0.01 * before)
            {
                break;
            }

            before = warm;
        }

        var (gen0, gen1, gen2) = (GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2));
        var windows = new double[Windows];
        for (var index = 0; index < Windows; index++)
        {
            windows[index] = InWindow(send);
        }

        return new Allocation(
            Math.Round(windows.Average()), Math.Round(windows.Min()), Window * Windows,
            GC.CollectionCount(0) - gen0, GC.CollectionCount(1) - gen1, GC.CollectionCount(2) - gen2);
    }

    private static double InWindow(Action<int> send)
    {
        var began = GC.GetTotalAllocatedBytes(precise: true);
        send(Window);
        return (GC.GetTotalAllocatedBytes(precise: true) - began) / (double)Window;
    }
}
