using System.Text;
using Vault.Core.MergeFields.Functions;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>A call of a function; the number of arguments was checked when it was parsed.</summary>
internal sealed class CallExpression(MergeFunction function, IReadOnlyList<MergeExpression> arguments) : MergeExpression
{
    private const int MostNoted = 64 * 1024;

    public MergeFunction Function => function;

    public override bool IsBlob => function.ReturnsBlob;

    public override Result<MergeValue> Evaluate(EvaluationContext context)
    {
        var result = Call(context);
        // What is made of a secret can be echoed on its own, even where the field goes on to join it with other text, or to write its bytes as text.
        if (result is { IsOk: true, Value.IsSecret: true } && !(context.IsDigested && IsFoundAnyway(result.Value)))
        {
            context.Scope.OnSecretProduced(result.Value.Blob ?? Encoding.UTF8.GetBytes(result.Value.Text ?? ""));
        }

        return result;
    }

    // The text of a large body's bytes, on its way into a digest: the secrets in it are searched for in these forms.
    private bool IsFoundAnyway(MergeValue value) => function is BlobTextFunction && value.Length > MostNoted;

    private Result<MergeValue> Call(EvaluationContext context)
    {
        var values = new MergeValue[arguments.Count];
        var isSecret = false;
        long length = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var value = arguments[i].Evaluate(function is DigestFunction ? context with { IsDigested = true } : context);
            if (!value.IsOk)
            {
                return value;
            }

            isSecret |= value.Value.IsSecret;
            length += value.Value.Length;
            if (function.Parameters[i].IsBlob)
            {
                values[i] = value.Value.Blob is null
                    ? MergeValue.OfBlob(Encoding.UTF8.GetBytes(value.Value.Text ?? ""), value.Value.IsSecret)
                    : value.Value;
            }
            else if (value.Value.Text is not null)
            {
                values[i] = value.Value;
            }
            else
            {
                return MergeErrors.Invalid(BlobProblem(function, i));
            }
        }

        // Most functions make more of what they are given: one in another, that doubles at each.
        if (length > MergeErrors.MostText)
        {
            return MergeErrors.TooLong;
        }

        if (context.Scope.Work?.TryDo(function, length) is false)
        {
            return MergeErrors.TooMuchWork;
        }

        var result = function.Invoke(values, context.Escaping);
        return result.IsOk ? result.Value with { IsSecret = isSecret } : result;
    }

    /// <summary>The message for a blob where text is due.</summary>
    public static string BlobProblem(MergeFunction function, int index) =>
        $"{function.Name} takes text as its argument '{function.Parameters[index].Name}', and was given a blob";
}
