namespace Vault.Fuzz;

/// <summary>Something that must hold for every input didn't.</summary>
internal sealed class FuzzFailure(string message) : Exception(message)
{
    /// <summary>Fails unless it holds.</summary>
    public static void Unless(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FuzzFailure(otherwise);
        }
    }
}
