using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>Terms joined by <c>&amp;</c>.</summary>
internal sealed class ConcatExpression(IReadOnlyList<MergeExpression> terms) : MergeExpression
{
    public const string BlobProblem = "& joins text, and one of its sides is a blob; write it as text with HEX or BASE64ENCODE";

    public override Result<MergeValue> Evaluate(EvaluationContext context)
    {
        var text = new StringBuilder();
        var isSecret = false;
        foreach (var term in terms)
        {
            var value = term.Evaluate(context);
            if (!value.IsOk)
            {
                return value;
            }

            if (value.Value.Text is null)
            {
                return MergeErrors.Invalid(BlobProblem);
            }

            text.Append(value.Value.Text);
            isSecret |= value.Value.IsSecret;
        }

        return MergeValue.OfText(text.ToString(), isSecret);
    }
}
