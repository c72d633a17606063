using System.Buffers;
using Vault.Core.Callouts;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary>
/// Sends a callout and hands its answer on. Upgrades and gRPC, whose directions don't wait for each other, are YARP's; for all others a message, a head and a
/// copy is all there is to do. See docs/decisions/0029.
/// </summary>
internal sealed class CalloutForwarder(CalloutInvoker invoker, IHttpForwarder forwarder)
{
    private const int BufferSize = 64 * 1024;

    /// <summary>How a forwarding ended.</summary>
    /// <param name="IsWhole">Whether the answer was handed on to its end.</param>
    /// <param name="Fault">What went wrong before there was an answer, where that is known.</param>
    internal readonly record struct Outcome(bool IsWhole, Exception? Fault);

    /// <summary>Sends it; what went wrong is told, not thrown, and what of the answer went to the caller stands.</summary>
    public async ValueTask<Outcome> SendAsync(HttpContext context, Callout callout, CalloutTransformer transformer)
    {
        var config = UpstreamVersion.For(callout);
        if (callout.Request.IsUpgrade || callout.Request.IsGrpc)
        {
            var error = await forwarder.SendAsync(context, "http://unused.invalid/", invoker.For(callout), config, transformer);
            return new Outcome(error is ForwarderError.None, context.GetForwarderErrorFeature()?.Exception);
        }

        HttpResponseMessage answer;
        try
        {
            answer = await invoker.SendAsync(Message(callout, config), callout, context.RequestAborted);
        }
        catch (Exception exception)
        {
            // A boundary, as YARP has one: whoever called knows what to say of it.
            return new Outcome(IsWhole: false, exception);
        }

        using (answer)
        {
            return new Outcome(await TryHandOnAsync(context, answer, transformer), null);
        }
    }

    private static HttpRequestMessage Message(Callout callout, ForwarderRequestConfig config)
    {
        var message = new HttpRequestMessage(HttpMethod.Parse(callout.Request.Method), (Uri?)null);
        if (config is { Version: { } version, VersionPolicy: { } policy })
        {
            (message.Version, message.VersionPolicy) = (version, policy);
        }

        CalloutMessage.Fill(message, callout);
        return message;
    }

    private static async ValueTask<bool> TryHandOnAsync(HttpContext context, HttpResponseMessage answer, CalloutTransformer transformer)
    {
        byte[]? buffer = null;
        try
        {
            context.Response.StatusCode = (int)answer.StatusCode;
            if (!await transformer.TransformResponseAsync(context, answer, context.RequestAborted))
            {
                return false;
            }

            // Each piece is handed on, and flushed, as it comes.
            buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            var body = CalloutMessage.AnswerBodyOf(answer);
            while (await body.ReadAsync(buffer, context.RequestAborted) is var count and > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
            }

            await transformer.TransformResponseTrailersAsync(context, answer, context.RequestAborted);
            return true;
        }
        catch (Exception)
        {
            // A boundary: an answer that came and can't be handed on, or not to its end, is broken off.
            return false;
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
