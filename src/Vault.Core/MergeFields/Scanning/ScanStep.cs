using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>What the scanner found next; all null where it needs more input.</summary>
/// <param name="Literal">Bytes that are no part of a field; valid until the scanner is called again.</param>
/// <param name="Field">A field that has opened, closed and parsed.</param>
/// <param name="Error">A field that can't be parsed; nothing may be read after it.</param>
internal readonly record struct ScanStep(ReadOnlyMemory<byte> Literal = default, MergeField? Field = null, VaultError? Error = null)
{
    /// <summary>Whether more input is needed.</summary>
    public bool IsNothing => Literal.IsEmpty && Field is null && Error is null;
}
