namespace Vault.Core.Secrets;

/// <summary>Authenticates what the database holds in the clear (key hashes, grants, definitions), so that writing to the database makes no admin.</summary>
public sealed class IntegrityKey
{
    /// <summary>HMAC-SHA-256 over the label and the length-prefixed parts.</summary>
    /// <param name="label">What is authenticated; a constant of <c>CryptographicLabels</c>.</param>
    /// <param name="parts">In a fixed order.</param>
    public byte[] Mac(string label, params IReadOnlyList<byte[]> parts) => throw new NotImplementedException();
}
