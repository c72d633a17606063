using System.Text;
using Vault.Core.MergeFields.Expressions;
using Vault.Core.MergeFields.Functions;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>
/// Finds fields in bytes that come in pieces of any size. The one scanner of templates, whole bodies and streams. While it
/// isn't decided whether a field opens, the bytes are held; once one has opened, only its text is kept, since there is no way
/// back to plain text. Every byte is looked at a bounded number of times.
/// </summary>
internal sealed class FieldScanner(MergeBodyFormat format)
{
    /// <summary>The longest field in characters, delimiters included.</summary>
    public const int MaxFieldLength = 3900;

    private readonly bool _isUtf8 = format.Charset is BodyCharset.Utf8;
    private readonly CandidateField _field = new(format);
    private readonly UnitEscape _escape = new();
    private readonly HeldBytes _held = new();
    private ScanState _state = ScanState.Text;
    private TextPosition _position = new();
    private TextPosition _unit;
    private bool _inFormName = true;

    /// <summary>Bytes consumed so far.</summary>
    public long Offset => _position.Offset;

    /// <summary>The next thing in the input, which is nothing only where there is no more of it; what was consumed is cut off.</summary>
    public ScanStep Read(ref ReadOnlyMemory<byte> input)
    {
        _held.DropReleased();
        while (!input.IsEmpty)
        {
            var step = _state is ScanState.Text ? ReadText(ref input) : ReadCandidate(ref input);
            if (!step.IsNothing)
            {
                return step;
            }
        }

        return default;
    }

    /// <summary>The input has ended: what was held, or the field that never closed.</summary>
    public ScanStep End()
    {
        _held.DropReleased();
        return _state switch
        {
            ScanState.Text => default,
            ScanState.Open => Fail($"{_field.Name} isn't closed with {_field.Close} before the end"),
            _ => Reject(_held.Count, ScanState.Text),
        };
    }

    private ScanStep ReadText(ref ReadOnlyMemory<byte> input)
    {
        var at = OpenerSearch.Find(input.Span, format.IsForm);
        if (at == 0)
        {
            _state = ScanState.Bracket;
            return default;
        }

        var literal = input[..at];
        input = input[at..];
        PassLiteral(literal.Span);
        return new ScanStep(literal);
    }

    /// <summary>Nothing, with input left, where a candidate ends of which everything was given away before.</summary>
    private ScanStep ReadCandidate(ref ReadOnlyMemory<byte> input)
    {
        var bytes = input.Span;
        for (var i = 0; i < bytes.Length; i++)
        {
            var step = Push(bytes[i], out var consumed);
            if (!step.IsNothing || !consumed)
            {
                input = input[(consumed ? i + 1 : i)..];
                return step;
            }
        }

        input = default;
        return default;
    }

    private ScanStep Push(byte b, out bool consumed)
    {
        consumed = true;
        if (_escape.IsPending)
        {
            if (_escape.TryTake(b, out var unit))
            {
                Consume(b);
                return unit is { } complete ? Accept(complete, isEscape: true, out _) : default;
            }

            if (_state != ScanState.Open)
            {
                _escape.Reset();
                consumed = false;
                return Reject(_held.Count, ScanState.Text);
            }

            // No escape after all: its bytes stand for themselves.
            foreach (var plain in _escape.Pending)
            {
                Accept(plain, isEscape: false, out _);
            }

            _escape.Reset();
        }

        if (_state == ScanState.Open && format.IsForm && (b == '&' || (b == '=' && _inFormName)))
        {
            return Fail($"{_field.Name} isn't closed with {_field.Close} before the end of the form's name or value");
        }

        _unit = _position;
        if (format.IsForm ? b == '%' : format.IsJson && b == '\\' && _state >= ScanState.Lead)
        {
            _escape.Begin(b);
            Consume(b);
            return default;
        }

        var step = Accept(format.IsForm && b == '+' ? ' ' : b, isEscape: false, out consumed);
        if (consumed)
        {
            Consume(b);
        }

        return step;
    }

    /// <summary>Takes one decoded byte or UTF-16 unit; not consumed where it ends a candidate that is no field.</summary>
    private ScanStep Accept(int unit, bool isEscape, out bool consumed)
    {
        consumed = true;
        var isUtf16 = isEscape && format.IsJson;
        _field.Count(unit, isUtf16);
        if (_state == ScanState.Open)
        {
            return AcceptOpen(unit, isUtf16);
        }

        var c = (char)unit;
        switch (_state)
        {
            case ScanState.Bracket when c is '{' or '<':
                _field.Begin(c, _unit);
                _state = ScanState.Bang;
                return default;
            case ScanState.Bang when c == '!':
                _state = ScanState.Lead;
                return default;
            case ScanState.Lead or ScanState.Parenthesis when FieldTokenizer.IsSpace(c):
                return Shed();
            case ScanState.Name when FieldTokenizer.IsSpace(c) && IsFunction():
                _state = ScanState.Parenthesis;
                return Shed();
            case ScanState.Name or ScanState.Parenthesis when c == '(' && IsFunction():
            case ScanState.Lead when c == '$':
                return Open(c);
            case ScanState.Lead when char.IsAsciiLetter(c):
            case ScanState.Name when char.IsAsciiLetterOrDigit(c) && _field.Text.Utf8.Length < MergeFunctions.All.LongestName:
                _field.Text.AddByte((byte)c);
                _state = ScanState.Name;
                return default;
            default:
                return RejectUnit(c, isEscape, out consumed);
        }
    }

    private ScanStep AcceptOpen(int unit, bool isUtf16)
    {
        if (_field.IsTooLong)
        {
            return Fail($"{_field.Name} is longer than {MaxFieldLength} characters, or isn't closed with {_field.Close}");
        }

        return _field.TryAdd(unit, isUtf16) ? default : Close();
    }

    private ScanStep Open(char c)
    {
        _state = ScanState.Open;
        _held.Clear();
        return AcceptOpen(c, isUtf16: false);
    }

    private ScanStep Close()
    {
        _state = ScanState.Text;
        if (_field.Text.Read() is not { } text)
        {
            return Fail($"{_field.Name} holds bytes that are not text in the body's charset");
        }

        var field = FieldParser.Parse(text, format.IsMarkup, _field.Name, _field.At);
        return new ScanStep(Field: field.Value, Error: field.Error);
    }

    /// <summary>No field begins here; an escape that begins the next candidate stays held.</summary>
    private ScanStep RejectUnit(char c, bool isEscape, out bool consumed)
    {
        consumed = isEscape;
        if (!isEscape || !format.IsForm || c is not ('{' or '<'))
        {
            return Reject(_held.Count, ScanState.Text);
        }

        _field.Begin(c, _unit);
        return Reject(_held.Count - 3, ScanState.Bang);
    }

    private ScanStep Reject(int length, ScanState next)
    {
        _state = next;
        return new ScanStep(_held.Release(length));
    }

    /// <summary>A field with more spaces than a field may have fails if it opens; until then they needn't be held.</summary>
    private ScanStep Shed() => !_field.IsTooLong || _held.Count < MaxFieldLength ? default : Reject(_held.Count, _state);

    private bool IsFunction()
    {
        Span<char> name = stackalloc char[_field.Text.Utf8.Length];
        Encoding.ASCII.GetChars(_field.Text.Utf8, name);
        return MergeFunctions.All.Find(name) is not null;
    }

    private ScanStep Fail(string problem) => new(Error: MergeErrors.Invalid(problem, _field.At));

    private void Consume(byte b)
    {
        _position.Advance([b], _isUtf8);
        if (_state is ScanState.Open or ScanState.Text)
        {
            return;
        }

        _held.Add(b);
    }

    private void PassLiteral(ReadOnlySpan<byte> literal)
    {
        _position.Advance(literal, _isUtf8);
        if (!format.IsForm)
        {
            return;
        }

        var pair = literal.LastIndexOf((byte)'&');
        if (pair >= 0)
        {
            _inFormName = true;
            literal = literal[(pair + 1)..];
        }

        _inFormName &= !literal.Contains((byte)'=');
    }
}
