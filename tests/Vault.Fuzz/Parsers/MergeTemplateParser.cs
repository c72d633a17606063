using Vault.Core.MergeFields;

namespace Vault.Fuzz.Parsers;

/// <summary>An admin's template: text with fields.</summary>
internal sealed class MergeTemplateParser : IFuzzedParser
{
    public string Name => "merge-template";

    public IReadOnlyList<string> Words => MergeLanguage.Words;

    public void Run(byte[] input)
    {
        var text = new FuzzInput(input).RestText();
        var parsed = MergeTemplate.Parse(text);
        if (!parsed.IsOk)
        {
            FuzzFailure.Unless(parsed.Error.Code == "merge-field-invalid", "It is refused as " + parsed.Error.Code);
            return;
        }

        var template = parsed.Value;
        FuzzFailure.Unless(template.HasFields == template.Literals.Count > 1, "Literals and fields don't alternate.");
        FuzzFailure.Unless(template.HasFields || template.Literals[0] == text, "Text without a field changes.");
        var scope = new MergeLanguage();
        if (template.Check(scope) is not null)
        {
            return;
        }

        foreach (var escaping in Enum.GetValues<MergeEscaping>())
        {
            var once = template.Resolve(scope, escaping);
            var again = template.Resolve(scope, escaping);
            FuzzFailure.Unless(once.IsOk == again.IsOk && once.Value.Text == again.Value.Text, "It resolves differently the second time.");
        }
    }
}
