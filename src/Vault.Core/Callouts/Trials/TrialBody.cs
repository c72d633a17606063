using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Trials;

/// <summary>The body of a trial, which is text: in the charset in which an app would send it, and values are filled into it.</summary>
internal sealed class TrialBody
{
    private readonly byte[]? _bytes;
    private readonly Encoding _encoding;

    private TrialBody(byte[]? bytes, Encoding encoding)
    {
        _bytes = bytes;
        _encoding = encoding;
    }

    /// <summary>How many bytes it has; null: there is none.</summary>
    public long? Length => _bytes?.Length;

    /// <summary>Encodes it; <c>invalid-request</c> where the charset lacks one of its characters.</summary>
    /// <param name="text">The text; null: there is none.</param>
    /// <param name="contentType">The <c>Content-Type</c> by which values are filled in.</param>
    public static Result<TrialBody> Of(string? text, string? contentType)
    {
        if (text is null)
        {
            return new TrialBody(null, Encoding.UTF8);
        }

        var utf8 = Encoding.UTF8.GetBytes(text);

        // Of another charset fields aren't filled in, and the callout says so where there are any.
        var charset = MergeBodyFormat.Parse(contentType, null, utf8) is { IsOk: true } format ? format.Value.Charset : BodyCharset.Utf8;
        if (charset is BodyCharset.Utf8)
        {
            return new TrialBody(utf8, Encoding.UTF8);
        }

        return text.AsSpan().IndexOfAnyExceptInRange('\0', charset is BodyCharset.Ascii ? '\x7F' : '\xFF') < 0
            ? new TrialBody(Encoding.Latin1.GetBytes(text), charset is BodyCharset.Ascii ? Encoding.UTF8 : Encoding.Latin1)
            : VaultError.Invalid("$.body", "Has a character that the charset of its Content-Type lacks.");
    }

    /// <summary>It, from its beginning; null: there is none.</summary>
    public PipeReader? Read() => _bytes is null ? null : PipeReader.Create(new ReadOnlySequence<byte>(_bytes));

    /// <summary>The text of what became of it. Masks are UTF-8 in any charset.</summary>
    public string Show(ReadOnlyMemory<byte> filled) =>
        _encoding.GetString(filled.Span).Replace(_encoding.GetString(Encoding.UTF8.GetBytes(MaskedScope.Dots)), MaskedScope.Dots, StringComparison.Ordinal);
}
