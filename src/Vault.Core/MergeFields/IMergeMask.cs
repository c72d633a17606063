namespace Vault.Core.MergeFields;

/// <summary>
/// A scope that shows a request without its secrets (preview): a field whose result is secret is written as the mask,
/// whole and unescaped, whatever functions it went through.
/// </summary>
public interface IMergeMask : IMergeScope
{
    /// <summary>What stands for a secret result, such as <c>••••••(Password)</c>.</summary>
    /// <param name="references">Every reference of the field, in order.</param>
    string Mask(IReadOnlyList<MergeReference> references);
}
