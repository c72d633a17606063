using System.Net;
using System.Text;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>A service that answers by a function and keeps what was asked.</summary>
internal sealed class FakeService(Func<FakeRequest, HttpResponseMessage> answer) : HttpMessageHandler
{
    public List<FakeRequest> Requests { get; } = [];

    public Func<FakeRequest, HttpResponseMessage> Answer { get; } = answer;

    /// <summary>The same answer to everything.</summary>
    public static FakeService Always(string body, HttpStatusCode status = HttpStatusCode.OK) => new(_ => Authenticating.Answer(body, status));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var body = request.Content is null ? null : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync(cancellationToken));
        var headers = request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default)
            .ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var seen = new FakeRequest(request.Method.Method, request.RequestUri!.OriginalString, headers, body);
        Requests.Add(seen);
        return Answer(seen);
    }
}

/// <summary>What a <see cref="FakeService"/> was asked.</summary>
internal sealed record FakeRequest(string Method, string Url, IReadOnlyDictionary<string, string> Headers, string? Body);
