using System.Text.Json;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>The grammar of filters, with the checks of RFC 9535 section 2.4.3 (well-typed).</summary>
internal sealed class FilterParser(Cursor cursor, QueryParser queries)
{
    private const int MaxDepth = 32;

    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<", ">"];

    private int _depth;

    public Condition Or()
    {
        if (++_depth > MaxDepth)
        {
            throw cursor.Error($"nested more than {MaxDepth} deep");
        }

        var parts = Joined("||", () => Joined("&&", Basic, all => new AllCondition(all)), any => new AnyCondition(any));
        _depth--;
        return parts;
    }

    private Condition Joined(string separator, Func<Condition> part, Func<List<Condition>, Condition> join)
    {
        List<Condition> parts = [part()];
        while (true)
        {
            var before = cursor.Position;
            cursor.SkipBlanks();
            if (!cursor.TryTake(separator))
            {
                cursor.Position = before;
                return parts is [var only] ? only : join(parts);
            }

            cursor.SkipBlanks();
            parts.Add(part());
        }
    }

    private Condition Basic()
    {
        if (cursor.TryTake('!'))
        {
            cursor.SkipBlanks();
            return new NotCondition(cursor.Next == '(' ? Parenthesis() : Test(Term()));
        }

        if (cursor.Next == '(')
        {
            return Parenthesis();
        }

        var left = Term();
        var before = cursor.Position;
        cursor.SkipBlanks();
        foreach (var op in Operators)
        {
            if (cursor.TryTake(op))
            {
                cursor.SkipBlanks();
                return new ComparisonCondition(Comparable(left), op, Comparable(Term()));
            }
        }

        cursor.Position = before;
        return Test(left);
    }

    private Condition Parenthesis()
    {
        cursor.Take('(');
        cursor.SkipBlanks();
        var inner = Or();
        cursor.SkipBlanks();
        cursor.Take(')');
        return inner;
    }

    private Condition Test(object term) => term switch
    {
        Condition condition => condition,
        QueryOperand query => new ExistsCondition(query),
        _ => throw cursor.Error("a value alone is no condition; compare it"),
    };

    private Operand Comparable(object term) =>
        term is Operand { IsValue: true } operand ? operand : throw cursor.Error("only single values can be compared");

    /// <summary>A literal, a query or a function: an <see cref="Operand"/>, or a <see cref="Condition"/> from match and search.</summary>
    private object Term()
    {
        var start = cursor.Position;
        if (cursor.Next is '\'' or '"')
        {
            return new LiteralOperand(JsonSerializer.SerializeToElement(cursor.TakeString()));
        }

        if (cursor.Next is '@' or '$')
        {
            return new QueryOperand(cursor.TryTake('$') || !cursor.TryTake('@'), queries.Segments());
        }

        if (cursor.Next == '-' || char.IsAsciiDigit(cursor.Next))
        {
            return Number(start);
        }

        while (char.IsAsciiLetterLower(cursor.Next) || (cursor.Position > start && (cursor.Next == '_' || char.IsAsciiDigit(cursor.Next))))
        {
            cursor.Position++;
        }

        var word = cursor.Slice(start);
        if (cursor.TryTake('('))
        {
            return Function(word);
        }

        return word is "true" or "false" or "null" ? Literal(word) : throw cursor.Error("expected a value, a query or a function");
    }

    private LiteralOperand Number(int start)
    {
        while (char.IsAsciiDigit(cursor.Next) || cursor.Next is '-' or '+' or '.' or 'e' or 'E')
        {
            cursor.Position++;
        }

        return Literal(cursor.Slice(start));
    }

    private LiteralOperand Literal(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return new LiteralOperand(document.RootElement.Clone());
        }
        catch (JsonException)
        {
            throw cursor.Error("not a number");
        }
    }

    private object Function(string name)
    {
        if (++_depth > MaxDepth)
        {
            throw cursor.Error($"nested more than {MaxDepth} deep");
        }

        List<object> arguments = [];
        cursor.SkipBlanks();
        while (!cursor.TryTake(')'))
        {
            if (arguments.Count > 0)
            {
                cursor.Take(',');
                cursor.SkipBlanks();
            }

            arguments.Add(Term());
            cursor.SkipBlanks();
        }

        _depth--;
        return (name, arguments) switch
        {
            ("length", [Operand { IsValue: true } value]) => new FunctionOperand(name, value),
            ("count" or "value", [QueryOperand query]) => new FunctionOperand(name, query),
            ("match" or "search", [Operand { IsValue: true } subject, Operand { IsValue: true } pattern]) =>
                new PatternCondition(name == "match", subject, pattern),
            ("length" or "count" or "value" or "match" or "search", _) => throw cursor.Error($"{name}() was given the wrong arguments"),
            _ => throw cursor.Error("unknown function"),
        };
    }
}
