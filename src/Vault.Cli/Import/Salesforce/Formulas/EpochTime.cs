namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>
/// Recognizes how formulas write the time since 1970, <c>FLOOR((NOW() - DATETIMEVALUE("1970-01-01 00:00:00")) * 86400 + 120)</c>: the
/// vault has no arithmetic, but it has the time.
/// </summary>
/// <param name="IsMilliseconds">Else seconds.</param>
/// <param name="Offset">What is added, in the same unit.</param>
internal sealed record EpochTime(bool IsMilliseconds, decimal Offset)
{
    private const decimal SecondsPerDay = 86_400;

    /// <summary>The time that the expression stands for; null where it isn't one.</summary>
    public static EpochTime? Find(FormulaExpression expression) => Linear(expression) switch
    {
        { Slope: SecondsPerDay, Offset: var offset } => new EpochTime(false, offset),
        { Slope: SecondsPerDay * 1000, Offset: var offset } => new EpochTime(true, offset),
        _ => null,
    };

    /// <summary>A number that the expression works out to; null where it is none.</summary>
    public static decimal? Constant(FormulaExpression expression) => Linear(expression) is { Slope: 0 } constant ? constant.Offset : null;

    // slope × (days since 1970) + offset
    private static (decimal Slope, decimal Offset)? Linear(FormulaExpression expression)
    {
        switch (expression)
        {
            case NumberExpression number:
                return (0, number.Value);
            case CallExpression { Name: "TEXT" or "FLOOR" or "CEILING" or "VALUE" or "ROUND" or "TRUNC", Arguments: [var inner, ..] }:
                return Linear(inner);
            case BinaryExpression { Operator: '-', Left: CallExpression { Name: "NOW" }, Right: CallExpression { Name: "DATETIMEVALUE", Arguments: [TextExpression epoch] } }
                when epoch.Value.Trim() is "1970-01-01 00:00:00" or "1970-01-01 00:00:00Z" or "1970-01-01T00:00:00Z":
                return (1, 0);
            case BinaryExpression binary when Linear(binary.Left) is { } left && Linear(binary.Right) is { } right:
                return Combine(binary.Operator, left, right);
            default:
                return null;
        }
    }

    private static (decimal Slope, decimal Offset)? Combine(char sign, (decimal Slope, decimal Offset) left, (decimal Slope, decimal Offset) right)
    {
        try
        {
            return sign switch
            {
                '+' => (left.Slope + right.Slope, left.Offset + right.Offset),
                '-' => (left.Slope - right.Slope, left.Offset - right.Offset),
                '*' when right.Slope == 0 => (left.Slope * right.Offset, left.Offset * right.Offset),
                '*' when left.Slope == 0 => (right.Slope * left.Offset, right.Offset * left.Offset),
                '/' when right is { Slope: 0, Offset: not 0 } => (left.Slope / right.Offset, left.Offset / right.Offset),
                _ => null,
            };
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
