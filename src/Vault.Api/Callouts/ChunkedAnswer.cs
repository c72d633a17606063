using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Vault.Api.Callouts;

/// <summary>
/// The body of an answer in the chunks of HTTP/1.1 (RFC 9112 section 7.1), with trailers behind the last of them: the server below makes chunks by itself, but writes no trailers over HTTP/1.1.
/// Where a body breaks off nothing is written in the place of its end.
/// </summary>
internal sealed class ChunkedAnswer : Stream
{
    // Eight digits of a length, and two line ends.
    private const int Framing = 12;

    private readonly Stream _inner;

    private ChunkedAnswer(Stream inner) => _inner = inner;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>
    /// Takes the body of the response over where trailers may come, announced or not: behind chunks, or over HTTP/2.
    /// </summary>
    /// <param name="context">Of the request; the headers of its response are there.</param>
    /// <param name="answer">Of the service.</param>
    /// <returns>The body; null where there is nothing to take over.</returns>
    public static ChunkedAnswer? TakeOver(HttpContext context, HttpResponseMessage answer)
    {
        var response = context.Response;
        if (context.Request.Protocol != HttpProtocol.Http11 || HttpMethods.IsHead(context.Request.Method) || response.ContentLength is not null
            || response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified or < 200
            || !(answer.Version.Major > 1 || answer.Headers.NonValidated.Contains("Transfer-Encoding"))
            || context.Features.Get<IHttpResponseTrailersFeature>() is not null)
        {
            return null;
        }

        var body = new ChunkedAnswer(response.Body);
        response.Headers.TransferEncoding = "chunked";
        response.Body = body;
        return body;
    }

    /// <summary>Gives the body of a response back that was taken over and hasn't begun: something else is answered in its place.</summary>
    public static void GiveBack(HttpResponse response)
    {
        if (response.Body is ChunkedAnswer taken)
        {
            response.Body = taken._inner;
        }
    }

    /// <summary>Ends the body.</summary>
    /// <param name="trailers">What stands behind it; names and values are strings of bytes that can stand in a header.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public ValueTask EndAsync(IEnumerable<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken)
    {
        var end = new StringBuilder("0\r\n");
        foreach (var (name, value) in trailers)
        {
            end.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return _inner.WriteAsync(Encoding.Latin1.GetBytes(end.Append("\r\n").ToString()), cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            // That would be the end.
            return;
        }

        var chunk = ArrayPool<byte>.Shared.Rent(buffer.Length + Framing);
        try
        {
            await _inner.WriteAsync(chunk.AsMemory(0, Frame(buffer.Span, chunk)), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk, clearArray: true);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous writes only.");

    private static int Frame(ReadOnlySpan<byte> bytes, Span<byte> chunk)
    {
        bytes.Length.TryFormat(chunk, out var count, "x", CultureInfo.InvariantCulture);
        "\r\n"u8.CopyTo(chunk[count..]);
        bytes.CopyTo(chunk[(count + 2)..]);
        "\r\n"u8.CopyTo(chunk[(count + 2 + bytes.Length)..]);
        return count + 4 + bytes.Length;
    }
}
