using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>Looks at all definitions and grants.</summary>
public static class DefinitionReadings
{
    /// <summary>Looks once all are in force, and again if they weren't all the while.</summary>
    /// <param name="reading">How far they have been read.</param>
    /// <param name="look">Looks, and changes nothing.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <returns>What was seen, or <c>storage-unavailable</c> where they aren't all in force yet.</returns>
    public static async ValueTask<Result<T>> OfAllAsync<T>(this IDefinitionReading reading, Func<ValueTask<T>> look, CancellationToken cancellationToken)
    {
        while (true)
        {
            var exposures = reading.Exposures;
            if (await reading.WholeAsync(cancellationToken) is { } notYet)
            {
                return notYet;
            }

            var seen = await look();
            if (reading.Exposures == exposures)
            {
                return seen;
            }
        }
    }
}
