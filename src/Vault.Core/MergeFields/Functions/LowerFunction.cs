namespace Vault.Core.MergeFields.Functions;

/// <summary><c>LOWER(text)</c>: lower case, invariant.</summary>
internal sealed class LowerFunction : TextFunction
{
    public override string Name => "LOWER";

    protected override string Apply(string text, MergeEscaping escaping) => text.ToLowerInvariant();
}
