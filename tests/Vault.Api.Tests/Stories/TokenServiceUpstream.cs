using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;

namespace Vault.Api.Tests.Stories;

/// <summary>The service of the story: <c>POST /token</c> for a token, <c>GET /record</c> with it.</summary>
public sealed class TokenServiceUpstream : IAsyncDisposable
{
    public const string Username = "service\"user";
    public const string Password = "pa\\ss\"w<o>rd & more";

    private readonly ConcurrentDictionary<string, bool> _tokens = new();
    private int _logins;

    private TokenServiceUpstream(RecordingUpstream upstream) => Upstream = upstream;

    public RecordingUpstream Upstream { get; }

    public int Logins => Volatile.Read(ref _logins);

    /// <summary>Held until released, so that many callers wait for one login.</summary>
    public TaskCompletionSource? LoginGate { get; set; }

    public IReadOnlyCollection<string> Tokens => [.. _tokens.Keys];

    public static async Task<TokenServiceUpstream> StartAsync()
    {
        var service = new TokenServiceUpstream(await RecordingUpstream.StartAsync());
        service.Upstream.Answer = service.AnswerAsync;
        return service;
    }

    /// <summary>Every token dies.</summary>
    public void Expire() => _tokens.Clear();

    public ValueTask DisposeAsync() => Upstream.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        if (request is { Method: "POST", Target: "/token" })
        {
            if (LoginGate is { } gate)
            {
                await gate.Task;
            }

            var body = JsonNode.Parse(request.Text)!;
            if ((string?)body["Username"] != Username || (string?)body["Password"] != Password)
            {
                context.Response.StatusCode = 401;
                return;
            }

            var token = "TOKEN-" + Interlocked.Increment(ref _logins) + "-" + Guid.NewGuid().ToString("N");
            _tokens[token] = true;
            await context.Response.WriteAsJsonAsync(new { securityToken = token });
        }
        else if (request.Target.StartsWith("/record", StringComparison.Ordinal))
        {
            var authorization = request.Header("Authorization") ?? "";
            context.Response.StatusCode = authorization.StartsWith("Bearer ", StringComparison.Ordinal) && _tokens.ContainsKey(authorization[7..]) ? 200 : 401;
            await context.Response.WriteAsJsonAsync(new { record = context.Response.StatusCode });
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}
