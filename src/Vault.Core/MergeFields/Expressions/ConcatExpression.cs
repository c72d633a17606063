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
            ? MergeValue.OfBlob(Join(values), isSecret)
            : MergeValue.OfText(string.Concat(values.Select(value => value.Text)), isSecret);
    }

    private static byte[] Join(MergeValue[] values)
    {
        var joined = new byte[values.Sum(value => value.Blob?.Length ?? Encoding.UTF8.GetByteCount(value.Text ?? ""))];
        var rest = joined.AsSpan();
        foreach (var value in values)
        {
            if (value.Blob is { } blob)
            {
                blob.CopyTo(rest);
                rest = rest[blob.Length..];
            }
            else
            {
                rest = rest[Encoding.UTF8.GetBytes(value.Text ?? "", rest)..];
            }
        }

        return joined;
    }
}
