namespace Vault.Core.Primitives;

/// <summary>Makes results of interface types, which have no implicit conversion.</summary>
public static class Result
{
    /// <summary>A success.</summary>
    public static Result<T> Of<T>(T value) => Result<T>.Ok(value);
}
