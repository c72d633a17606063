using System.Text;
using Vault.Core.MergeFields.Escaping;
using Vault.Core.MergeFields.Scanning;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>A text with fields, compiled. Immutable and safe for use by many threads.</summary>
public sealed class MergeTemplate
{
    private static readonly List<MergeField> NoFields = [];

    // One more literal than there are fields: before, between and after them. Null where there are none: nearly all of a million templates are plain text.
    private readonly List<string>? _literals;
    private readonly List<MergeField> _fields;

    private MergeTemplate(string text, List<string>? literals, List<MergeField> fields)
    {
        Text = text;
        _literals = literals;
        _fields = fields;
        References = fields.Count == 0 ? [] : [.. fields.SelectMany(field => field.References)];
    }

    /// <summary>The text as written.</summary>
    public string Text { get; }

    /// <summary>Whether there is any field in it.</summary>
    public bool HasFields => _fields.Count > 0;

    /// <summary>What stands before, between and behind the fields: one more than there are fields.</summary>
    public IReadOnlyList<string> Literals => _literals ?? [Text];

    /// <summary>Every reference of every field, in order.</summary>
    public IReadOnlyList<MergeReference> References { get; }

    /// <summary>How often it signs.</summary>
    internal int Signatures => _fields.Sum(one => one.Signatures);

    /// <summary>Compiles a text; <c>merge-field-invalid</c> with line and column where a field can't be parsed.</summary>
    public static Result<MergeTemplate> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Contains('!', StringComparison.Ordinal))
        {
            return new MergeTemplate(text, null, NoFields);
        }

        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(text);
        var scanner = new FieldScanner(MergeBodyFormat.PlainText);
        List<string> literals = [];
        List<MergeField> fields = [];
        var rest = bytes;
        var end = 0;
        for (var step = scanner.Read(ref rest); !step.IsNothing; step = scanner.Read(ref rest))
        {
            if (step.Error is not null)
            {
                return step.Error;
            }

            if (step.Field is not null)
            {
                literals.Add(Encoding.UTF8.GetString(bytes.Span[end..(int)step.Field.At.Offset]));
                fields.Add(step.Field);
                end = (int)scanner.Offset;
            }
        }

        if (scanner.End().Error is { } error)
        {
            return error;
        }

        literals.Add(fields.Count == 0 ? text : Encoding.UTF8.GetString(bytes.Span[end..]));
        return new MergeTemplate(text, literals, fields);
    }

    /// <summary>The first reference that the scope refuses, or null.</summary>
    public VaultError? Check(IMergeScope scope)
    {
        foreach (var field in _fields)
        {
            if (field.Check(scope) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Prepares every reference; the first failure, or null.</summary>
    public async ValueTask<VaultError?> PrepareAsync(IMergeScope scope, CancellationToken cancellationToken)
    {
        foreach (var field in _fields)
        {
            if (await field.PrepareAsync(scope, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>The text with every field filled in.</summary>
    /// <param name="scope">Checked and prepared.</param>
    /// <param name="escaping">For results.</param>
    /// <param name="escapeLiterals">Whether the text around the fields is escaped too (a form value, a JSON string written by an admin).</param>
    public Result<MergeOutput> Resolve(IMergeScope scope, MergeEscaping escaping, bool escapeLiterals = false)
    {
        var literalEscaping = escapeLiterals ? escaping : MergeEscaping.None;
        if (_literals is null)
        {
            return new MergeOutput(LandingText.Escape(Text, literalEscaping), false);
        }

        var result = new StringBuilder();
        var isSecret = false;
        for (var i = 0; i < _fields.Count; i++)
        {
            var value = _fields[i].Resolve(scope, escaping);
            if (!value.IsOk)
            {
                return value.Error;
            }

            result.Append(LandingText.Escape(_literals[i], literalEscaping));
            var escaped = LandingText.Escape(value.Value.Text, value.Value.Escaping);
            FieldEncoder.NoteEscaped(value.Value, escaped, scope);
            result.Append(escaped);
            isSecret |= value.Value.IsSecret;
            if (result.Length > MergeErrors.MostText)
            {
                return MergeErrors.Invalid($"with what stands before it, it makes more than {MergeErrors.MostText} characters", _fields[i].At);
            }
        }

        result.Append(LandingText.Escape(_literals[^1], literalEscaping));
        return new MergeOutput(result.ToString(), isSecret);
    }
}
