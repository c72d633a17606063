using Vault.Cli.Terminals;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Vault.Cli.Documents;

/// <summary>Reads YAML into nodes that know where they stand. JSON is YAML, too.</summary>
internal sealed class YamlFile
{
    private const int MostNodes = 1_000_000;
    private const int Deepest = 60;
    private const int LongestName = 1024;

    private readonly Dictionary<string, DocumentNode> _anchors = new(StringComparer.Ordinal);
    private readonly IParser _parser;
    private readonly string _file;
    private int _nodes;

    private YamlFile(string text, string file) => (_parser, _file) = (new Parser(new StringReader(text)), file);

    /// <summary>The documents of a file; those that are empty are left out.</summary>
    /// <param name="text">What it holds.</param>
    /// <param name="file">What it is called, for messages.</param>
    /// <exception cref="CommandFailure">It isn't YAML, with line and column.</exception>
    public static IReadOnlyList<MappingNode> Read(string text, string file)
    {
        var yaml = new YamlFile(text, file);
        return yaml.WellFormed(yaml.ReadAll);
    }

    /// <summary>The only document of a file, whatever it is; null where there is none.</summary>
    /// <param name="text">What it holds.</param>
    /// <param name="file">What it is called, for messages.</param>
    /// <exception cref="CommandFailure">It isn't YAML, or several documents.</exception>
    public static DocumentNode? ReadOne(string text, string file)
    {
        var yaml = new YamlFile(text, file);
        return yaml.WellFormed(yaml.ReadOne);
    }

    private T WellFormed<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (YamlException fault)
        {
            throw NotWellFormed(fault.Start, fault.InnerException?.Message ?? fault.Message);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            // The parser's own failure, as where a brace is never closed or a tag is empty. It has no place, and its message is about the parser.
            throw NotWellFormed(_parser.Current?.End ?? Mark.Empty, "It can't be read from here on; look for a bracket, brace or quote that isn't closed.");
        }
    }

    private DocumentNode? ReadOne()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }

        var node = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        return _parser.Accept<StreamEnd>(out _) ? node : throw Wrong(At(_parser.Current ?? throw new InvalidOperationException("The parser has nothing to read.")), "There is a second document in it.");
    }

    private List<MappingNode> ReadAll()
    {
        var documents = new List<MappingNode>();
        _parser.Consume<StreamStart>();
        while (!_parser.Accept<StreamEnd>(out _))
        {
            _parser.Consume<DocumentStart>();
            switch (ReadNode(0))
            {
                case MappingNode mapping:
                    documents.Add(mapping);
                    break;
                case ScalarNode { IsNull: true }:
                    break;
                case var other:
                    throw Wrong(other.At, "Must be an object: externalCredentials, namedCredentials and apps.");
            }

            _parser.Consume<DocumentEnd>();
            _anchors.Clear();
        }

        return documents;
    }

    private DocumentNode ReadNode(int depth)
    {
        var at = At(_parser.Current ?? throw new InvalidOperationException("The parser has nothing to read."));
        if (++_nodes > MostNodes || depth > Deepest)
        {
            throw Wrong(at, "There is too much of it: more than a million values, or nested too deeply.");
        }

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            var known = _anchors.GetValueOrDefault(alias.Value.Value) ?? throw Wrong(at, $"There is no anchor {alias.Value.Value} before this.");
            _nodes += Count(known);
            return known;
        }

        var anchor = (_parser.Current as NodeEvent)?.Anchor ?? AnchorName.Empty;
        DocumentNode node = _parser.Current switch
        {
            MappingStart => ReadMapping(at, depth),
            SequenceStart => ReadSequence(at, depth),
            Scalar => ReadScalar(at),
            _ => throw Wrong(at, "Must be a value."),
        };
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private ScalarNode ReadScalar(Place at)
    {
        var scalar = _parser.Consume<Scalar>();
        return new ScalarNode(at, scalar.Value, scalar.Style is ScalarStyle.Plain && scalar.Tag.IsEmpty);
    }

    private SequenceNode ReadSequence(Place at, int depth)
    {
        var items = new List<DocumentNode>();
        _parser.Consume<SequenceStart>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }

        return new SequenceNode(at, items);
    }

    private MappingNode ReadMapping(Place at, int depth)
    {
        var entries = new List<DocumentEntry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var name = ReadNode(depth + 1) as ScalarNode ?? throw Wrong(at, "Names must be texts.");
            if (name.Text.Length > LongestName)
            {
                throw Wrong(name.At, $"A name has at most {LongestName} characters.");
            }

            if (!lines.TryAdd(name.Text, name.At.Line))
            {
                throw Wrong(name.At, $"{name.Text} stands here twice; first in line {lines[name.Text]}.");
            }

            entries.Add(new DocumentEntry(name.At, name.Text, ReadNode(depth + 1)));
        }

        return new MappingNode(at, entries);
    }

    private static int Count(DocumentNode node) => node switch
    {
        MappingNode mapping => 1 + mapping.Entries.Sum(entry => Count(entry.Value)),
        SequenceNode sequence => 1 + sequence.Items.Sum(Count),
        _ => 1,
    };

    private Place At(ParsingEvent parsed) => new(_file, (int)parsed.Start.Line, (int)parsed.Start.Column);

    private CommandFailure NotWellFormed(Mark at, string message) => CommandFailure.Usage($"{_file}:{at.Line}:{at.Column}: Is not well-formed YAML: {SafeText.Of(message)}");

    private static CommandFailure Wrong(Place at, string message) => CommandFailure.Usage($"{at}: {SafeText.Of(message)}");
}
