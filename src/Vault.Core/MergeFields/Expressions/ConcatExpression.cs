using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>Terms joined by <c>&amp;</c>: text, or, where one of them is a blob, bytes, of text its UTF-8 (<c>$Request.Timestamp&amp;$Credential.Body</c>, to be signed).</summary>
internal sealed class ConcatExpression(IReadOnlyList<MergeExpression> terms) : MergeExpression
{
    public override bool IsBlob => terms.Any(term => term.IsBlob);

    public override Result<MergeValue> Evaluate(EvaluationContext context)
    {
        var values = new MergeValue[terms.Count];
        long length = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var value = terms[i].Evaluate(context);
            if (!value.IsOk)
            {
                return value;
            }

            values[i] = value.Value;
            length += value.Value.Length;
            if (length > MergeErrors.MostText)
            {
                return MergeErrors.TooLong;
            }
        }

        var isSecret = Array.Exists(values, value => value.IsSecret);
        return Array.Exists(values, value => value.Blob is not null)
            ? MergeValue.OfBlob([.. values.SelectMany(value => value.Blob ?? Encoding.UTF8.GetBytes(value.Text ?? ""))], isSecret)
            : MergeValue.OfText(string.Concat(values.Select(value => value.Text)), isSecret);
    }
}
