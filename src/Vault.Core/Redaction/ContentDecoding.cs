using Vault.Core.Primitives;

namespace Vault.Core.Redaction;

/// <summary>Undoes the content codings of an answer, so that it can be searched.</summary>
public static class ContentDecoding
{
    /// <summary>
    /// A stream of the plain content: <paramref name="content"/> itself where no coding was applied. Known are gzip, x-gzip,
    /// deflate (with or without its zlib wrapping), br and identity; another is <c>response-not-inspectable</c>.
    /// </summary>
    /// <param name="contentEncodings">The values of all Content-Encoding headers, in order.</param>
    /// <param name="content">The content as it arrives; disposed with the answer.</param>
    public static Result<Stream> Decode(IEnumerable<string> contentEncodings, Stream content)
    {
        const StringSplitOptions Split = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var codings = contentEncodings.SelectMany(value => value.Split(',', Split))
            .Select(coding => coding.ToLowerInvariant())
            .Where(coding => coding != "identity")
            .ToArray();
        if (codings.Length > 4 || codings.Any(coding => coding is not ("gzip" or "x-gzip" or "deflate" or "br")))
        {
            return new VaultError(ErrorCodes.ResponseNotInspectable, "The answer has a content coding that redaction can't read.");
        }

        foreach (var coding in codings.Reverse())
        {
            content = new DecodingStream(content, coding);
        }

        return content;
    }
}
