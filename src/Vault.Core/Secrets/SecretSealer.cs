using Vault.Core.Primitives;

namespace Vault.Core.Secrets;

/// <summary>Seals values and opens them; design section 3. Safe for use by many threads.</summary>
public sealed class SecretSealer
{
    /// <summary>Seals a value under the active vault key, with a data key of its own.</summary>
    public byte[] Seal(SealPlace place, ReadOnlySpan<byte> plaintext) => throw new NotImplementedException();

    /// <summary>Opens a record; an error of code <c>internal</c> ("unreadable") where it is damaged or belongs elsewhere.</summary>
    public Result<SecretText> Open(SealPlace place, ReadOnlySpan<byte> record) => throw new NotImplementedException();
}
