using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Primitives;

/// <summary>
/// A secret value in memory, as UTF-8. It has no JSON form and its text form is <c>***</c>, so that no log line, message
/// or answer can hold it by accident; the only ways to the value are the <c>Reveal</c> members, which are easy to grep.
/// </summary>
public sealed class SecretText : IDisposable
{
    private readonly byte[] _utf8;

    /// <summary>Takes the value over: the array belongs to this object from now on and is zeroed on disposal.</summary>
    public SecretText(byte[] utf8) => _utf8 = utf8;

    /// <summary>A secret of this text.</summary>
    public SecretText(string text) => _utf8 = Encoding.UTF8.GetBytes(text);

    /// <summary>Length of the value in UTF-8 bytes.</summary>
    public int ByteLength => _utf8.Length;

    /// <summary>The value as text.</summary>
    public string Reveal() => Encoding.UTF8.GetString(_utf8);

    /// <summary>The value as UTF-8, valid until disposal.</summary>
    public ReadOnlySpan<byte> RevealUtf8() => _utf8;

    /// <summary>Zeroes the value.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_utf8);

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}
