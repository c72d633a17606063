namespace Vault.Core.JsonPaths;

/// <summary>Leaves the recursive descent at the first error; never leaves this folder.</summary>
internal sealed class JsonPathSyntaxException(int position, string message) : Exception(message)
{
    public int Position { get; } = position;
}
