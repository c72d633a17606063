namespace Vault.Core.Redaction;

/// <summary>
/// Where one pattern may stand after some bytes, whatever way led there: the places of it are stepped through together, to
/// find out which bytes an echo can begin with. A filter takes many thousands of steps, so they allocate little.
/// </summary>
internal readonly struct EchoStates
{
    private readonly (int Index, EncodingNode Node)[] _places;
    private readonly EchoPattern _pattern;

    private EchoStates(EchoPattern pattern, (int Index, EncodingNode Node)[] places, bool isComplete)
    {
        _pattern = pattern;
        _places = places;
        IsComplete = isComplete;
    }

    /// <summary>Whether the echo may have ended with the last byte.</summary>
    public bool IsComplete { get; }

    /// <summary>Before the first byte of an echo that begins at this character.</summary>
    public static EchoStates At(EchoPattern pattern, int index) => new(pattern, [(index, pattern[index])], isComplete: false);

    /// <summary>The bytes that may come next, each once.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (_places.Length <= 1)
        {
            return _places.Length == 0 ? [] : _places[0].Node.Keys;
        }

        List<byte> bytes = [];
        foreach (var (_, node) in _places)
        {
            foreach (var key in node.Keys)
            {
                if (!bytes.Contains(key))
                {
                    bytes.Add(key);
                }
            }
        }

        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
    }

    /// <summary>After this byte.</summary>
    public EchoStates After(byte b) => After([b]);

    /// <summary>After one of these bytes.</summary>
    public EchoStates After(ReadOnlySpan<byte> bytes)
    {
        Places places = default;
        var isComplete = false;
        foreach (var (index, node) in _places)
        {
            foreach (var b in bytes)
            {
                if (node.Find(b) is { } next)
                {
                    if (!next.Keys.IsEmpty)
                    {
                        places.Add((index, next));
                    }

                    isComplete |= next.Accepts && index + 1 >= _pattern.AcceptFrom;
                    if (next.Accepts && index + 1 < _pattern.Length)
                    {
                        places.Add((index + 1, _pattern[index + 1]));
                    }
                }
            }
        }

        return new EchoStates(_pattern, places.ToArray(), isComplete);
    }

    // Hardly ever more than two: at a longer form of a character, and behind it.
    private struct Places
    {
        private (int Index, EncodingNode Node) _first;
        private (int Index, EncodingNode Node) _second;
        private List<(int Index, EncodingNode Node)>? _more;

        public void Add((int Index, EncodingNode Node) place)
        {
            if (_first.Node is null)
            {
                _first = place;
            }
            else if (_first != place && _second.Node is null)
            {
                _second = place;
            }
            else if (_first != place && _second != place && _more?.Contains(place) is not true)
            {
                (_more ??= []).Add(place);
            }
        }

        public readonly (int Index, EncodingNode Node)[] ToArray() =>
            _first.Node is null ? [] : _second.Node is null ? [_first] : _more is null ? [_first, _second] : [_first, _second, .. _more];
    }
}
