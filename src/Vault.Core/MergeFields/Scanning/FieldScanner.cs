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
    private readonly FieldText _text = new(format.Charset);
    private readonly UnitEscape _escape = new();
    private byte[] _held = new byte[32];
    private int _heldLength;
    private int _dropHeld;
    private State _state = State.Text;
    private TextPosition _position = new();
    private TextPosition _opened;
    private TextPosition _unit;
    private bool _inFormName = true;
    private char _close;
    private char _quote;
    private bool _backslash;
    private int _length;

    private enum State
    {
        /// <summary>In plain text.</summary>
        Text,

        /// <summary>The first character of an opener, maybe still within an escape, is due.</summary>
        Bracket,

        /// <summary>The exclamation mark is due.</summary>
        Bang,

        /// <summary>Spaces, or the first character of a reference or a function, are due.</summary>
        Lead,

        /// <summary>In what may be a function's name.</summary>
        Name,

        /// <summary>After a function's name and spaces.</summary>
        Parenthesis,

        /// <summary>In a field.</summary>
        Open,
    }

    /// <summary>Bytes consumed so far.</summary>
    public long Offset => _position.Offset;

    /// <summary>The next thing in the input; what was consumed of it is cut off.</summary>
    public ScanStep Read(ref ReadOnlyMemory<byte> input)
    {
        DropHeld();
        if (_state == State.Text)
        {
            var at = OpenerSearch.Find(input.Span, format.IsForm);
            if (at > 0)
            {
                var literal = input[..at];
                input = input[at..];
                PassLiteral(literal.Span);
                return new ScanStep(literal);
            }

            if (input.IsEmpty)
            {
                return default;
            }

            _state = State.Bracket;
            _opened = _position;
            _length = 0;
        }

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

    /// <summary>The input has ended: what was held, or the field that never closed.</summary>
    public ScanStep End()
    {
        DropHeld();
        return _state switch
        {
            State.Text => default,
            State.Open => Fail($"it isn't closed with {_close} before the end"),
            _ => Reject(_heldLength, State.Text),
        };
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

            if (_state != State.Open)
            {
                _escape.Reset();
                consumed = false;
                return Reject(_heldLength, State.Text);
            }

            // No escape after all: its bytes stand for themselves.
            foreach (var plain in _escape.Pending)
            {
                Accept(plain, isEscape: false, out _);
            }

            _escape.Reset();
        }

        if (_state == State.Open && format.IsForm && (b == '&' || (b == '=' && _inFormName)))
        {
            return Fail($"it isn't closed with {_close} before the end of the form's name or value");
        }

        _unit = _position;
        if (format.IsForm ? b == '%' : format.IsJson && b == '\\' && _state >= State.Lead)
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
        if (isUtf16 ? !char.IsLowSurrogate((char)unit) : !_isUtf8 || (unit & 0xC0) != 0x80)
        {
            _length++;
        }

        if (_state == State.Open)
        {
            return AcceptOpen(unit, isUtf16);
        }

        var c = (char)unit;
        switch (_state)
        {
            case State.Bracket when c is '{' or '<':
                _close = c == '{' ? '}' : '>';
                _state = State.Bang;
                return default;
            case State.Bang when c == '!':
                _text.Clear();
                _state = State.Lead;
                return default;
            case State.Lead or State.Parenthesis when FieldTokenizer.IsSpace(c):
                return Shed();
            case State.Name when FieldTokenizer.IsSpace(c) && IsFunction():
                _state = State.Parenthesis;
                return Shed();
            case State.Name or State.Parenthesis when c == '(' && IsFunction():
            case State.Lead when c == '$':
                return Open(c);
            case State.Lead when char.IsAsciiLetter(c):
            case State.Name when char.IsAsciiLetterOrDigit(c) && _text.Utf8.Length < MergeFunctions.All.LongestName:
                _text.AddByte((byte)c);
                _state = State.Name;
                return default;
            default:
                return RejectUnit(c, isEscape, out consumed);
        }
    }

    private ScanStep AcceptOpen(int unit, bool isUtf16)
    {
        if (_length > MaxFieldLength)
        {
            return Fail($"it is longer than {MaxFieldLength} characters, or isn't closed with {_close}");
        }

        if (_quote == '\0')
        {
            if (unit == _close)
            {
                return Close();
            }

            _quote = unit is '\'' or '"' ? (char)unit : '\0';
        }
        else if (_backslash)
        {
            _backslash = false;
        }
        else if (unit == '\\')
        {
            _backslash = true;
        }
        else if (unit == _quote)
        {
            _quote = '\0';
        }

        if (isUtf16)
        {
            _text.AddUtf16((char)unit);
        }
        else
        {
            _text.AddByte((byte)unit);
        }

        return default;
    }

    private ScanStep Open(char c)
    {
        _state = State.Open;
        _heldLength = 0;
        (_quote, _backslash) = ('\0', false);
        return AcceptOpen(c, isUtf16: false);
    }

    private ScanStep Close()
    {
        _state = State.Text;
        if (_text.Read() is not { } text)
        {
            return Fail("it holds bytes that are not text in the body's charset");
        }

        var field = FieldParser.Parse(text, format.IsMarkup, _opened);
        return new ScanStep(Field: field.Value, Error: field.Error);
    }

    /// <summary>No field begins here; an escape that begins the next candidate stays held.</summary>
    private ScanStep RejectUnit(char c, bool isEscape, out bool consumed)
    {
        consumed = isEscape;
        if (!isEscape || !format.IsForm || c is not ('{' or '<'))
        {
            return Reject(_heldLength, State.Text);
        }

        _opened = _unit;
        _length = 1;
        _close = c == '{' ? '}' : '>';
        return Reject(_heldLength - 3, State.Bang);
    }

    private ScanStep Reject(int length, State next)
    {
        _state = next;
        _dropHeld = length;
        return new ScanStep(_held.AsMemory(0, length));
    }

    /// <summary>A field with more spaces than a field may have fails if it opens; until then they needn't be held.</summary>
    private ScanStep Shed() => _length <= MaxFieldLength || _heldLength < MaxFieldLength ? default : Reject(_heldLength, _state);

    private bool IsFunction()
    {
        Span<char> name = stackalloc char[_text.Utf8.Length];
        Encoding.ASCII.GetChars(_text.Utf8, name);
        return MergeFunctions.All.Find(name) is not null;
    }

    private ScanStep Fail(string problem) => new(Error: MergeErrors.Invalid(problem, _opened));

    private void Consume(byte b)
    {
        _position.Advance([b], _isUtf8);
        if (_state is State.Open or State.Text)
        {
            return;
        }

        if (_heldLength == _held.Length)
        {
            Array.Resize(ref _held, 2 * _held.Length);
        }

        _held[_heldLength++] = b;
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

    private void DropHeld()
    {
        if (_dropHeld > 0)
        {
            _held.AsSpan(_dropHeld, _heldLength - _dropHeld).CopyTo(_held);
            _heldLength -= _dropHeld;
            _dropHeld = 0;
        }
    }
}
