namespace Vault.Core.MergeFields.Functions;

/// <summary><c>RAW(text)</c>: the text itself; outermost, it turns escaping off.</summary>
internal sealed class RawFunction : TextFunction
{
    public override string Name => "RAW";

    public override bool Replaces(MergeEscaping escaping) => true;

    protected override string Apply(string text, MergeEscaping escaping) => text;
}
