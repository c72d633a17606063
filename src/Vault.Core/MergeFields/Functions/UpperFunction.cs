namespace Vault.Core.MergeFields.Functions;

/// <summary><c>UPPER(text)</c>: upper case, invariant.</summary>
internal sealed class UpperFunction : TextFunction
{
    public override string Name => "UPPER";

    protected override string Apply(string text, MergeEscaping escaping) => text.ToUpperInvariant();
}
