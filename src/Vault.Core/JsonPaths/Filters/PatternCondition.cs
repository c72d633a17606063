using System.Text.Json;
using System.Text.RegularExpressions;

namespace Vault.Core.JsonPaths.Filters;

/// <summary><c>match</c> (the whole text) and <c>search</c> (some part of it); false where the pattern isn't an I-Regexp.</summary>
internal sealed record PatternCondition(bool Whole, Operand Subject, Operand Pattern) : Condition
{
    public override bool Holds(Selection run, JsonElement current)
    {
        if (Subject.Value(run, current) is not { } subject || Selectors.Nodes.Text(run, subject) is not { } text
            || Pattern.Value(run, current) is not { } pattern || Selectors.Nodes.Text(run, pattern) is not { } expression)
        {
            return false;
        }

        try
        {
            return run.Pattern(expression, Whole)?.IsMatch(text) ?? false;
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
