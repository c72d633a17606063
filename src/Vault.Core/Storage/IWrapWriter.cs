using System.Data.Common;

namespace Vault.Core.Storage;

/// <summary>A sealed value whose wrap was moved to another vault key.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Read">As it was read.</param>
/// <param name="Moved">What is to take its place.</param>
public readonly record struct MovedWrap(Guid Id, byte[] Read, byte[] Moved);

/// <summary>Writes what a rewrap has moved, beside callouts that are to be recorded. One for each kind of database.</summary>
public interface IWrapWriter
{
    /// <summary>Replaces sealed values, each if it is still the one that was read and nobody is changing it at this moment.</summary>
    /// <param name="transaction">It holds nothing but a step of a rewrap, which may be done again, though whole, where the database loses it in a crash.</param>
    /// <param name="table">Its name.</param>
    /// <param name="moved">The values.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <returns>How many were replaced.</returns>
    Task<int> ReplaceAsync(DbTransaction transaction, string table, IReadOnlyCollection<MovedWrap> moved, CancellationToken cancellationToken);
}
