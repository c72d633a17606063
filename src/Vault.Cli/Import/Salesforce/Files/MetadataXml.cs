using System.Text;
using System.Xml;

namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>Reads the XML of a metadata file: no DTD, nothing fetched, bounded depth and size.</summary>
internal static class MetadataXml
{
    private const int MaxDepth = 12;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        MaxCharactersInDocument = SourceLimits.MaxFileBytes,
    };

    // Files of Windows editors say windows-1252, which the framework knows only when asked to.
    static MetadataXml() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Reads a file; else says what is wrong, and where.</summary>
    public static MetadataElement? Read(ReadOnlyMemory<byte> bytes, out Problem? problem)
    {
        problem = null;
        if (bytes.Span.IndexOfAnyExcept(" \t\r\n\0"u8) < 0)
        {
            problem = new Problem("The file is empty.", 1, 1);
            return null;
        }

        try
        {
            using var stream = new MemoryStream(bytes.ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, Settings);
            return Read(reader, out problem);
        }
        catch (XmlException exception)
        {
            problem = new Problem(SentenceOf(exception), Math.Max(1, exception.LineNumber), Math.Max(1, exception.LinePosition));
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or DecoderFallbackException)
        {
            problem = new Problem("The file isn't in the encoding that it says it is in.", 1, 1);
        }

        return null;
    }

    private static MetadataElement? Read(XmlReader reader, out Problem? problem)
    {
        var position = (IXmlLineInfo)reader;
        var open = new Stack<(MetadataElement Element, StringBuilder Text)>();
        MetadataElement? root = null;
        problem = null;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when open.Count == MaxDepth:
                    problem = new Problem($"Elements stand more than {MaxDepth} deep in each other; this is no metadata of Salesforce.", position.LineNumber, position.LinePosition);
                    return null;
                case XmlNodeType.Element:
                    var element = new MetadataElement(reader.LocalName, position.LineNumber, position.LinePosition);
                    root ??= element;
                    if (open.TryPeek(out var parent))
                    {
                        parent.Element.Add(element);
                    }

                    if (!reader.IsEmptyElement)
                    {
                        open.Push((element, new StringBuilder()));
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace when open.TryPeek(out var holder):
                    holder.Text.Append(reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    var (ended, text) = open.Pop();
                    ended.SetText(ended.Children.Count == 0 ? text.ToString() : "");
                    break;
            }
        }

        return root;
    }

    // The framework's own sentences end with the place, which is told apart; and they may quote the file.
    private static string SentenceOf(XmlException exception)
    {
        if (exception.Message.Contains("DTD", StringComparison.Ordinal))
        {
            return "The file has a DTD (<!DOCTYPE …>), which no metadata of Salesforce has; it isn't read.";
        }

        if (exception.Message.Contains("encoding", StringComparison.OrdinalIgnoreCase))
        {
            return "The file isn't in the encoding that it says it is in.";
        }

        return exception.Message.Contains("MaxCharactersInDocument", StringComparison.Ordinal)
            ? $"The file is over {SourceLimits.MaxFileBytes / 1024 / 1024} MiB."
            : "The file isn't well-formed XML from here on.";
    }
}
