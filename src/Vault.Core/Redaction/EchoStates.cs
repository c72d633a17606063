namespace Vault.Core.Redaction;

/// <summary>
/// Where one pattern may stand after some bytes, whatever way led there: the places of it are stepped through together, to
/// find out which bytes an echo can begin with. A filter takes many thousands of steps, so they allocate little.
/// </summary>
internal readonly struct EchoStates
{
    private readonly Place[] _places;
    private readonly EchoPattern _pattern;

    private EchoStates(EchoPattern pattern, Place[] places, bool isComplete)
    {
        _pattern = pattern;
        _places = places;
        IsComplete = isComplete;
    }

    /// <summary>Whether the echo may have ended with the last byte.</summary>
    public bool IsComplete { get; }

    /// <summary>Before the first byte of an echo that begins at this character.</summary>
    public static EchoStates At(EchoPattern pattern, int index) => new(pattern, [new Place(index, pattern[index], IsAtFirst: true)], isComplete: false);

    /// <summary>The bytes that may come next, each once.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (_places.Length <= 1)
        {
            return _places.Length == 0 ? [] : _places[0].Node.Keys;
        }

        List<byte> bytes = [];
        foreach (var (_, node, _) in _places)
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
        foreach (var (index, node, _) in _places)
        {
            foreach (var b in bytes)
            {
                if (node.Find(b) is { } next)
                {
                    if (!next.Keys.IsEmpty)
                    {
                        places.Add(new Place(index, next, IsAtFirst: false));
                    }

                    isComplete |= next.Accepts && index + 1 >= _pattern.AcceptFrom;
                    if (next.Accepts && index + 1 < _pattern.Length)
                    {
                        places.Add(new Place(index + 1, _pattern[index + 1], IsAtFirst: true));
                    }
                }
            }
        }

        return new EchoStates(_pattern, places.ToArray(), isComplete);
    }

    /// <summary>At a node of the encodings of a character.</summary>
    /// <param name="Index">Which character of the pattern.</param>
    /// <param name="Node">The node.</param>
    /// <param name="IsAtFirst">Whether none of the character was seen yet: then it is the same place, whatever tree was made for it.</param>
    private readonly record struct Place(int Index, EncodingNode Node, bool IsAtFirst)
    {
        public bool Equals(Place other) => Index == other.Index && IsAtFirst == other.IsAtFirst && (IsAtFirst || ReferenceEquals(Node, other.Node));

        public override int GetHashCode() => HashCode.Combine(Index, IsAtFirst);
    }

    // Hardly ever more than two: at a longer form of a character, and behind it.
    private struct Places
    {
        private Place _first;
        private Place _second;
        private List<Place>? _more;

        public void Add(Place place)
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

        public readonly Place[] ToArray() =>
            _first.Node is null ? [] : _second.Node is null ? [_first] : _more is null ? [_first, _second] : [_first, _second, .. _more];
    }
}
