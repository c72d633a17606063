namespace Vault.Core.MergeFields.Functions;

/// <summary><c>TRIM(text)</c>: without white space at either end.</summary>
internal sealed class TrimFunction : TextFunction
{
    public override string Name => "TRIM";

    protected override string Apply(string text, MergeEscaping escaping) => text.Trim();
}
