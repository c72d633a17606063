using Vault.Core.MergeFields;

namespace Vault.Core.Administration.Definitions;

/// <summary>Where the fields of a template are.</summary>
internal static class FieldPlaces
{
    /// <summary>The text with a letter in place of each field.</summary>
    public static string Remove(string text)
    {
        var template = MergeTemplate.Parse(text);
        if (!template.IsOk || !template.Value.HasFields)
        {
            return text;
        }

        return string.Join('x', template.Value.Literals);
    }
}
