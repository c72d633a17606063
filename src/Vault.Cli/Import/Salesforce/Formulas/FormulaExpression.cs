namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>An expression of Salesforce's formula language.</summary>
internal abstract record FormulaExpression;

/// <summary>A string.</summary>
/// <param name="Value">Unescaped.</param>
internal sealed record TextExpression(string Value) : FormulaExpression;

/// <summary>A number.</summary>
/// <param name="Value">Its value.</param>
internal sealed record NumberExpression(decimal Value) : FormulaExpression;

/// <summary>A global, as in <c>$Credential.Name.Parameter</c>.</summary>
/// <param name="Path">Its names; the first begins with <c>$</c>.</param>
internal sealed record GlobalExpression(IReadOnlyList<string> Path) : FormulaExpression
{
    /// <summary>As it is written.</summary>
    public string Written => string.Join('.', Path);
}

/// <summary>A function and its arguments.</summary>
/// <param name="Name">In upper case.</param>
/// <param name="Arguments">What stands in its parentheses.</param>
internal sealed record CallExpression(string Name, IReadOnlyList<FormulaExpression> Arguments) : FormulaExpression;

/// <summary>Two expressions and what stands between them.</summary>
/// <param name="Operator">One of <c>&amp; + - * /</c>.</param>
/// <param name="Left">Before it.</param>
/// <param name="Right">Behind it.</param>
internal sealed record BinaryExpression(char Operator, FormulaExpression Left, FormulaExpression Right) : FormulaExpression;
