using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>A real gRPC server, which echoes words, says in its head whom it saw, and has trailers of its own.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    /// <summary>The word that makes a call fail.</summary>
    public const string Fatal = "fail";

    /// <summary>Starts one on loopback.</summary>
    /// <param name="listen">TLS, say; null: without.</param>
    public static async Task<WebApplication> StartAsync(Action<ListenOptions>? listen = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, options =>
        {
            options.Protocols = HttpProtocols.Http2;
            listen?.Invoke(options);
        }));
        var app = builder.Build();
        app.MapGrpcService<EchoService>();
        await app.StartAsync();
        return app;
    }

    /// <inheritdoc />
    public override async Task Talk(IAsyncStreamReader<Word> requestStream, IServerStreamWriter<Word> responseStream, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync(new Metadata { { "x-seen", context.RequestHeaders.GetValue("authorization") ?? "nobody" } });
        await foreach (var word in requestStream.ReadAllAsync())
        {
            if (word.Text == Fatal)
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "not that word"), new Metadata { { "x-why", "because" } });
            }

            await responseStream.WriteAsync(new Word { Text = "echo " + word.Text });
        }

        context.ResponseTrailers.Add("x-trailer", "bye");
    }

    /// <summary>Talks both ways, a word at a time, and checks head, answers, status and trailers.</summary>
    /// <param name="client">Of it.</param>
    /// <param name="headers">Of the call.</param>
    /// <param name="seen">What it is to have seen: masked where it comes back.</param>
    public static async Task AssertTalksAsync(Echo.EchoClient client, Metadata headers, string seen)
    {
        using var call = client.Talk(headers);

        // The head comes before anything is said: a client may wait for it.
        var head = await call.ResponseHeadersAsync.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(new string('*', seen.Length), head.GetValue("x-seen"));
        foreach (var text in new[] { "one", "two", new string('x', 100_000) })
        {
            await call.RequestStream.WriteAsync(new Word { Text = text });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal("echo " + text, call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Equal("bye", call.GetTrailers().GetValue("x-trailer"));
    }

    /// <summary>Has a call fail in its midst, and checks the status and the trailers.</summary>
    public static async Task AssertFailsAsync(Echo.EchoClient client, Metadata headers)
    {
        using var call = client.Talk(headers);
        await call.RequestStream.WriteAsync(new Word { Text = "one" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
        await call.RequestStream.WriteAsync(new Word { Text = Fatal });
        var failed = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal((StatusCode.FailedPrecondition, "not that word"), (failed.StatusCode, failed.Status.Detail));
        Assert.Equal("because", failed.Trailers.GetValue("x-why"));
    }
}
