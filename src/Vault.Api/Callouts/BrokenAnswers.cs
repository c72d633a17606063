using Microsoft.AspNetCore.Http.Features;

namespace Vault.Api.Callouts;

/// <summary>
/// How an answer ends over HTTP/2 that can't be handed on to its end. YARP resets the stream, with the codes of an answer that broke and of a caller who
/// gave up (RFC 9113 section 7) the wrong way round; and to some clients <c>CANCEL</c> means that all is well.
/// </summary>
internal sealed class BrokenAnswers : IHttpResetFeature
{
    private const int InternalError = 2;
    private const int Cancel = 8;

    private readonly IHttpResetFeature _inner;

    private BrokenAnswers(IHttpResetFeature inner) => _inner = inner;

    /// <summary>Has the caller told by the right code; HTTP/1.1 has none, and needs none.</summary>
    public static void Tell(HttpContext context)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol) && context.Features.Get<IHttpResetFeature>() is { } inner)
        {
            context.Features.Set<IHttpResetFeature>(new BrokenAnswers(inner));
        }
    }

    /// <inheritdoc />
    public void Reset(int errorCode) => _inner.Reset(errorCode switch { Cancel => InternalError, InternalError => Cancel, _ => errorCode });
}
