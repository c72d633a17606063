using Vault.Core.MergeFields.Functions;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>
/// Parses the text of one field by recursive descent. What can be known without values is refused here: names, the number
/// of arguments, blobs where text is due, unknown algorithms.
/// </summary>
internal sealed class FieldParser
{
    /// <summary>The deepest nesting of calls.</summary>
    public const int MaxDepth = 32;

    private readonly FieldTokenizer _tokens;
    private readonly List<MergeReference> _references = [];
    private FieldToken _token;
    private int _signatures;
    private VaultError? _error;

    private FieldParser(string text, bool entities)
    {
        _tokens = new FieldTokenizer(text, entities);
        _token = _tokens.Next();
    }

    /// <summary>Parses; the error has no place yet.</summary>
    /// <param name="text">What stands between the delimiters.</param>
    /// <param name="entities">Whether it may hold character references.</param>
    /// <param name="name">What to call it where it can't be parsed.</param>
    /// <param name="at">Where it opens.</param>
    public static Result<MergeField> Parse(string text, bool entities, string name, TextPosition at)
    {
        var parser = new FieldParser(text, entities);
        var root = parser.Expression(depth: 0, isKey: false);
        if (root is not null && parser._token.Kind != FieldTokenKind.End)
        {
            root = parser.Unexpected("& or the end of the field");
        }

        if (root is { IsBlob: true })
        {
            root = parser.Fail(MergeField.BlobProblem(root));
        }

        return root is null
            ? MergeErrors.At(parser._error ?? MergeErrors.Invalid("it can't be read"), at, name)
            : new MergeField(root, parser._references, parser._signatures, at);
    }

    private MergeExpression? Expression(int depth, bool isKey)
    {
        var first = Term(depth, isKey);
        if (first is null || _token.Kind != FieldTokenKind.Ampersand)
        {
            return first;
        }

        List<MergeExpression> terms = [first];
        while (_token.Kind == FieldTokenKind.Ampersand)
        {
            _token = _tokens.Next();
            if (Term(depth, isKey) is not { } term)
            {
                return null;
            }

            terms.Add(term);
        }

        return new ConcatExpression(terms);
    }

    private MergeExpression? Term(int depth, bool isKey)
    {
        var token = _token;
        switch (token.Kind)
        {
            case FieldTokenKind.Text:
                _token = _tokens.Next();
                return new LiteralExpression(token.Text);
            case FieldTokenKind.Reference:
                _token = _tokens.Next();
                return Reference(token.Text, isKey);
            case FieldTokenKind.Word:
                _token = _tokens.Next();
                return Call(token.Text, depth + 1, isKey);
            default:
                return Unexpected("a string, a reference or a function");
        }
    }

    private ReferenceExpression? Reference(string written, bool isKey)
    {
        var reference = ReferenceParser.Parse(written, isKey);
        if (!reference.IsOk)
        {
            _error ??= reference.Error;
            return null;
        }

        _references.Add(reference.Value);
        return new ReferenceExpression(reference.Value);
    }

    private MergeExpression? Call(string name, int depth, bool isKey)
    {
        if (MergeFunctions.All.Find(name) is not { } function)
        {
            return Fail($"unknown function {(name.Length <= 40 ? name : name[..40] + "…")}");
        }

        // Refused before the descent, so that no text can exhaust the stack.
        if (depth > MaxDepth)
        {
            return Fail($"functions are nested more than {MaxDepth} deep");
        }

        if (_token.Kind != FieldTokenKind.Open)
        {
            return Unexpected($"( after {function.Name}");
        }

        _token = _tokens.Next();
        _signatures += function.Signs ? 1 : 0;
        List<MergeExpression> arguments = [];
        while (_token.Kind != FieldTokenKind.Close || arguments.Count > 0)
        {
            if (arguments.Count == function.Parameters.Count)
            {
                return WrongCount(function);
            }

            var parameter = function.Parameters[arguments.Count];
            if (Expression(depth, isKey || parameter.IsKey) is not { } argument)
            {
                return null;
            }

            if (Problem(function, arguments.Count, argument) is { } problem)
            {
                return Fail(problem);
            }

            arguments.Add(argument);
            if (_token.Kind != FieldTokenKind.Comma)
            {
                break;
            }

            _token = _tokens.Next();
        }

        if (_token.Kind != FieldTokenKind.Close)
        {
            return Unexpected($", or ) in {function.Name}");
        }

        _token = _tokens.Next();
        return arguments.Count == function.Parameters.Count ? new CallExpression(function, arguments) : WrongCount(function);
    }

    private static string? Problem(MergeFunction function, int index, MergeExpression argument) => argument switch
    {
        LiteralExpression literal => function.CheckLiteral(index, literal.Text),
        { IsBlob: true } when !function.Parameters[index].IsBlob => CallExpression.BlobProblem(function, index),
        _ => null,
    };

    private MergeExpression? WrongCount(MergeFunction function) =>
        Fail($"{function.Name} takes {function.Parameters.Count} argument{(function.Parameters.Count == 1 ? "" : "s")}: {string.Join(", ", function.Parameters.Select(p => p.Name))}");

    private MergeExpression? Unexpected(string due) =>
        Fail(_token.Kind == FieldTokenKind.Invalid ? _token.Text : $"{due} is due, but {Describe(_token)}");

    private static string Describe(FieldToken token) => token.Kind switch
    {
        FieldTokenKind.End => "the field ends",
        FieldTokenKind.Reference => "a reference stands there",
        FieldTokenKind.Word => "a word stands there",
        FieldTokenKind.Text => "a string stands there",
        FieldTokenKind.Ampersand => "& stands there",
        FieldTokenKind.Open => "( stands there",
        FieldTokenKind.Close => ") stands there",
        FieldTokenKind.Comma => "a comma stands there",
        _ => "something else stands there",
    };

    private MergeExpression? Fail(string problem)
    {
        _error ??= MergeErrors.Invalid(problem);
        return null;
    }
}
