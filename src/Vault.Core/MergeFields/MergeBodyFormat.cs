using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>What kind of body it is and in which charset; contract sections 6 and 9.</summary>
public sealed class MergeBodyFormat
{
    private MergeBodyFormat(MergeEscaping escaping, BodyCharset charset)
    {
        Escaping = escaping;
        Charset = charset;
    }

    /// <summary>How results are escaped in it, which is also what kind it is; <see cref="MergeEscaping.None"/> for any other kind.</summary>
    public MergeEscaping Escaping { get; }

    /// <summary>Text that is no body: a template.</summary>
    internal static MergeBodyFormat PlainText { get; } = new(MergeEscaping.None, BodyCharset.Utf8);

    internal BodyCharset Charset { get; }

    internal bool IsForm => Escaping is MergeEscaping.Form;

    internal bool IsJson => Escaping is MergeEscaping.Json;

    internal bool IsMarkup => Escaping is MergeEscaping.Xml or MergeEscaping.Html;

    /// <summary>
    /// Reads the header values, of XML without a charset there the declaration, and of any text the byte order mark;
    /// <c>merge-unsupported-content</c> for a content coding or another charset than UTF-8, ASCII or Latin-1.
    /// </summary>
    /// <param name="contentType">The <c>Content-Type</c>.</param>
    /// <param name="contentEncoding">The <c>Content-Encoding</c>.</param>
    /// <param name="body">The body, or its beginning.</param>
    public static Result<MergeBodyFormat> Parse(string? contentType, string? contentEncoding, ReadOnlySpan<byte> body = default)
    {
        foreach (var coding in (contentEncoding ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            {
                return Unsupported("Merge fields can't be filled into a body with a Content-Encoding; send it without.");
            }
        }

        var type = contentType ?? "";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        var mediaType = (end < 0 ? type : type[..end]).Trim(' ', '\t');
        var kind = ParseKind(mediaType);
        if (MediaTypeParameters.CharsetOf(type) is not { } named)
        {
            return Unsupported("It can't be told from the Content-Type what kind of body it is, and in which charset.");
        }

        // Readers of text go by the mark before anything that is said of the charset (RFC 7303 section 3); what isn't text may begin with its bytes.
        var isWide = (kind is not MergeEscaping.None || mediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)) && WideText.IsMarked(body);
        if (isWide || CharsetOf(named.Length == 0 && kind is MergeEscaping.Xml ? XmlDeclaration.EncodingOf(body) : named) is not { } charset)
        {
            return Unsupported("Merge fields can be filled only into a body in UTF-8, US-ASCII or ISO-8859-1.");
        }

        return new MergeBodyFormat(kind, charset);

        static VaultError Unsupported(string detail) => new(ErrorCodes.MergeUnsupportedContent, detail);
    }

    /// <summary>Whether a <c>Content-Type</c> can be read in one way only.</summary>
    public static bool IsClear(string? contentType) => MediaTypeParameters.CharsetOf(contentType ?? "") is not null;

    /// <summary>The charset of a name; UTF-8 where there is none, null where it is another one.</summary>
    internal static BodyCharset? CharsetOf(string? charset) => charset?.ToUpperInvariant() switch
    {
        null or "" or "UTF-8" or "UTF8" => BodyCharset.Utf8,
        "US-ASCII" or "ASCII" or "ANSI_X3.4-1968" or "ISO646-US" or "ISO_646.IRV:1991" or "CP367" or "US" => BodyCharset.Ascii,
        "ISO-8859-1" or "ISO8859-1" or "ISO_8859-1" or "LATIN1" or "LATIN-1" or "L1" or "CP819" or "IBM819" => BodyCharset.Latin1,
        _ => null,
    };

    private static MergeEscaping ParseKind(string mediaType) => mediaType.ToLowerInvariant() switch
    {
        "application/json" or "text/json" => MergeEscaping.Json,
        "application/xml" or "text/xml" => MergeEscaping.Xml,
        "text/html" => MergeEscaping.Html,
        "application/x-www-form-urlencoded" => MergeEscaping.Form,
        var other when other.EndsWith("+json", StringComparison.Ordinal) => MergeEscaping.Json,
        var other when other.EndsWith("+xml", StringComparison.Ordinal) => MergeEscaping.Xml,
        _ => MergeEscaping.None,
    };
}
