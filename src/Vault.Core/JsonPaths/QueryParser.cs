using Vault.Core.JsonPaths.Filters;
using Vault.Core.JsonPaths.Selectors;

namespace Vault.Core.JsonPaths;

/// <summary>The grammar of queries, segments and selectors; filters are <see cref="FilterParser"/>'s.</summary>
internal sealed class QueryParser
{
    private readonly Cursor _cursor;
    private readonly FilterParser _filters;

    public QueryParser(string text)
    {
        _cursor = new Cursor(text);
        _filters = new FilterParser(_cursor, this);
    }

    public IReadOnlyList<Segment> Parse()
    {
        _cursor.Take('$');
        var segments = Segments();
        return _cursor.AtEnd ? segments : throw _cursor.Error("expected a segment or the end");
    }

    public IReadOnlyList<Segment> Segments()
    {
        List<Segment> segments = [];
        while (true)
        {
            var before = _cursor.Position;
            _cursor.SkipBlanks();
            if (_cursor.TryTake(".."))
            {
                segments.Add(new Segment(true, _cursor.Next == '[' ? Bracketed() : [Shorthand()]));
            }
            else if (_cursor.TryTake('.'))
            {
                segments.Add(new Segment(false, [Shorthand()]));
            }
            else if (_cursor.Next == '[')
            {
                segments.Add(new Segment(false, Bracketed()));
            }
            else
            {
                _cursor.Position = before;
                return segments;
            }
        }
    }

    private Selector Shorthand() => _cursor.TryTake('*') ? new WildcardSelector() : new NameSelector(_cursor.TakeMemberName());

    private List<Selector> Bracketed()
    {
        _cursor.Take('[');
        List<Selector> selectors = [];
        do
        {
            _cursor.SkipBlanks();
            selectors.Add(One());
            _cursor.SkipBlanks();
        }
        while (_cursor.TryTake(','));
        _cursor.Take(']');
        return selectors;
    }

    private Selector One()
    {
        if (_cursor.TryTake('*'))
        {
            return new WildcardSelector();
        }

        if (_cursor.TryTake('?'))
        {
            _cursor.SkipBlanks();
            return new FilterSelector(_filters.Or());
        }

        return _cursor.Next is '\'' or '"' ? new NameSelector(_cursor.TakeString()) : IndexOrSlice();
    }

    private Selector IndexOrSlice()
    {
        long? start = _cursor.Next == ':' ? null : _cursor.TakeInteger();
        var afterStart = _cursor.Position;
        _cursor.SkipBlanks();
        if (!_cursor.TryTake(':'))
        {
            _cursor.Position = afterStart;
            return start is { } index ? new IndexSelector(index) : throw _cursor.Error("expected a selector");
        }

        var end = OptionalInteger();
        long? step = null;
        if (_cursor.TryTake(':'))
        {
            step = OptionalInteger();
        }

        return new SliceSelector(start, end, step ?? 1);
    }

    private long? OptionalInteger()
    {
        _cursor.SkipBlanks();
        long? value = _cursor.Next == '-' || char.IsAsciiDigit(_cursor.Next) ? _cursor.TakeInteger() : null;
        _cursor.SkipBlanks();
        return value;
    }
}
