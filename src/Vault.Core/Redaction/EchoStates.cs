namespace Vault.Core.Redaction;

/// <summary>
/// Where one pattern may stand after some bytes, whatever way led there: the places of it are stepped through together, to
/// find out which bytes an echo can begin with.
/// </summary>
internal readonly struct EchoStates
{
    private readonly List<(int Index, EncodingNode Node)> _places;
    private readonly EchoPattern _pattern;

    private EchoStates(EchoPattern pattern, List<(int Index, EncodingNode Node)> places, bool isComplete)
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
    public List<byte> Next()
    {
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

        return bytes;
    }

    /// <summary>After one of these bytes.</summary>
    public EchoStates After(params ReadOnlySpan<byte> bytes)
    {
        List<(int Index, EncodingNode Node)> places = [];
        var isComplete = false;
        foreach (var (index, node) in _places)
        {
            foreach (var b in bytes)
            {
                if (node.Find(b) is { } next)
                {
                    if (!next.Keys.IsEmpty)
                    {
                        Add(places, (index, next));
                    }

                    isComplete |= next.Accepts && index + 1 >= _pattern.AcceptFrom;
                    if (next.Accepts && index + 1 < _pattern.Length)
                    {
                        Add(places, (index + 1, _pattern[index + 1]));
                    }
                }
            }
        }

        return new EchoStates(_pattern, places, isComplete);
    }

    private static void Add(List<(int Index, EncodingNode Node)> places, (int Index, EncodingNode Node) place)
    {
        if (!places.Contains(place))
        {
            places.Add(place);
        }
    }
}
