using System.Net;

namespace Vault.Core.Callouts.Bodies;

/// <summary>An answer's body after decoding and redaction, in place of the content that it came in.</summary>
internal sealed class AnswerContent : HttpContent
{
    private readonly HttpContent _original;
    private readonly Stream _body;

    public AnswerContent(HttpContent original, Stream body, bool isDecoded)
    {
        _original = original;
        _body = body;
        foreach (var header in original.Headers.NonValidated)
        {
            if (!isDecoded || !AnswerHeaders.IsOfEncodedBytes(header.Key))
            {
                Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }
    }

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
