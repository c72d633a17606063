using System.Collections.Frozen;

namespace Vault.Core.MergeFields.Functions;

/// <summary>Every function that there is. A new one is a file in this folder and a line in this list.</summary>
internal sealed class MergeFunctions
{
    private readonly FrozenDictionary<string, MergeFunction> _byName;

    /// <summary>Takes the functions.</summary>
    /// <exception cref="ArgumentException">Two of them have one name.</exception>
    public MergeFunctions(params IReadOnlyCollection<MergeFunction> functions)
    {
        var byName = new Dictionary<string, MergeFunction>(StringComparer.OrdinalIgnoreCase);
        foreach (var function in functions)
        {
            if (!byName.TryAdd(function.Name, function))
            {
                throw new ArgumentException($"There are two merge functions named {function.Name}.", nameof(functions));
            }
        }

        _byName = byName.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        LongestName = functions.Max(function => function.Name.Length);
    }

    /// <summary>The functions of the language.</summary>
    public static MergeFunctions All { get; } = new(
        new HtmlEncodeFunction(),
        new XmlEncodeFunction(),
        new JsEncodeFunction(),
        new JsonEncodeFunction(),
        new UrlEncodeFunction(),
        new RawFunction(),
        new Base64EncodeFunction(),
        new Base64UrlEncodeFunction(),
        new Base64DecodeFunction(),
        new BlobFunction(),
        new HexFunction(),
        new UpperFunction(),
        new LowerFunction(),
        new TrimFunction(),
        new HashFunction(),
        new HmacFunction(),
        new SignFunction());

    /// <summary>Length of the longest name, so that a scanner knows when to stop looking.</summary>
    public int LongestName { get; }

    /// <summary>The names, in upper case.</summary>
    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>Finds a function by name in any case; null where there is none.</summary>
    public MergeFunction? Find(ReadOnlySpan<char> name) =>
        _byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var function) ? function : null;
}
