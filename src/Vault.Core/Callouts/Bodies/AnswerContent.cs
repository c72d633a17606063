using System.Net;
using System.Net.Http.Headers;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// An answer's body after decoding and redaction, in place of the content that it came in. The headers stay with that one
/// (<see cref="HeadersOf(HttpResponseMessage)"/>): they would have to be copied for each answer.
/// </summary>
internal sealed class AnswerContent : HttpContent
{
    private readonly HttpContent _original;
    private readonly Stream _body;

    public AnswerContent(HttpContent original, Stream body)
    {
        _original = original;
        _body = body;
    }

    /// <summary>The content headers of an answer, as they came.</summary>
    public static HttpContentHeaders HeadersOf(HttpResponseMessage answer) => HeadersOf(answer.Content);

    private static HttpContentHeaders HeadersOf(HttpContent content) => content is AnswerContent own ? HeadersOf(own._original) : content.Headers;

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(_body);

    protected override Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) => Task.FromResult(_body);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _body.CopyToAsync(stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _body.CopyToAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _original.Dispose();
        }

        base.Dispose(disposing);
    }
}
