using System.Net;
using System.Text;
using Vault.Core.Authentication.Tokens;
using Vault.Testing;

namespace Vault.Fuzz.Parsers;

/// <summary>
/// What a token endpoint, a discovery document, AWS STS or a step of a login answers: a token that can be used, or a failure that
/// repeats nothing of it.
/// </summary>
internal sealed class SignInAnswerParser : IFuzzedParser
{
    private static readonly FuzzCredential[] Credentials =
    [
        .. new[]
        {
            """{"protocol":"oauth2","grant":"clientCredentials","tokenUrl":"https://service.example/token"}""",
            """{"protocol":"oauth2","grant":"clientCredentials","issuer":"https://service.example"}""",
            """{"protocol":"oauth2","grant":"password","tokenUrl":"https://service.example/token","clientAuthentication":"post"}""",
            """{"protocol":"oauth2","grant":"authorizationCode","tokenUrl":"https://service.example/token","authorizationUrl":"https://service.example/auth"}""",
            """{"protocol":"awsSigV4","region":"eu-west-1","service":"s3","roleArn":"arn:aws:iam::1:role/r","stsUrl":"https://service.example/sts"}""",
            Login("$.securityToken"), Login("header:X-Token"), Login("cookie:session"), Login("xpath://token"), Login("regex:token=([a-z0-9]+)"), Login("body"), Login("$..*"),
            """{"protocol":"login","steps":[{"request":{"url":"https://service.example/t","form":{"p":"{!$Credential.Password}"}},"extract":{"a":"$.a","e":"$.e"},"failWhen":"$.error"}],"expiresAt":"e","apply":{"query":{"t":"{!$Token.a}"}}}""",
            """{"protocol":"login","steps":[{"request":{"url":"https://service.example/t","form":{"p":"{!$Credential.Password}"}},"extract":{"a":"$.a","e":"$.e"}}],"expiresInMs":"e","apply":{"headers":{"X-A":"{!$Token.a}"}}}""",
        }.Select(authentication => new FuzzCredential(authentication)),
    ];

    public string Name => "sign-in-answer";

    public IReadOnlyList<string> Words =>
    [
        "{\"access_token\":\"tok\",\"token_type\":\"Bearer\",\"expires_in\":3600}", "\"access_token\":", "\"token_type\":\"mac\"", "\"expires_in\":", "-1", "0", "1e999", "1000000000000", "\"3600\"", "\"NaN\"",
        "\"error\":\"invalid_client\"", "\"refresh_token\":\"r\"", "{\"issuer\":\"https://service.example\",\"token_endpoint\":\"https://service.example/token\"}", "<html>", "<?xml version=\"1.0\"?>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>", "<token>", "</token>", "<AssumeRoleResponse>", "<AssumeRoleResult>", "<Credentials>", "<AccessKeyId>A</AccessKeyId>",
        "<SecretAccessKey>s</SecretAccessKey>", "<SessionToken>t</SessionToken>", "<Expiration>2030-01-01T00:00:00Z</Expiration>", "X-Token: abc\n", "Set-Cookie: session=abc; Path=/\n", "token=abc",
        "{\"securityToken\":\"abc\"}", "eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDAwMDB9.", "\r\n", "\n\n", "\\u000a", "\\ud800", "é", "Canary-Password-1",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var credential = Credentials[reader.Byte() % Credentials.Length];
        var status = reader.Choose(200, 200, 200, 400, 401, 500, 302, 204);
        using var answers = new Answers(status, reader);
        using var http = new HttpMessageInvoker(answers);
        var now = TimeProvider.System.GetUtcNow();
        var context = new TokenAcquisition(credential.Bound, credential.Parameters, "", "https://service.example", http, url => url.Host == "service.example" ? null : "is not in allowedHosts", TimeProvider.System);
        var task = credential.Bound.Authentication.Tokens!.AcquireAsync(context, CancellationToken.None);
        var result = task.GetAwaiter().GetResult();
        if (!result.IsOk)
        {
            SecretForms.AssertAbsent(result.Error.Detail, "the failure", ["Canary-Password-1", "Canary-Client-Secret-2", "Canary-Access-Key-3", "Canary-Refresh-Token-4"]);
            FuzzFailure.Unless(result.Error.Detail.Length < 400, "The failure grows with the answer: " + result.Error.Detail);
            return;
        }

        FuzzFailure.Unless(answers.IsSuccess, "A token out of an answer that isn't a success.");
        FuzzFailure.Unless(result.Value.Values.Count > 0, "A token without a value.");
        FuzzFailure.Unless(result.Value.ExpiresAt is not { } end || (end > now && end < now.AddDays(3700)), $"It ends at {result.Value.ExpiresAt}.");
        FuzzFailure.Unless(!result.Value.ToString().Contains(result.Value.Values.First().Value.Reveal(), StringComparison.Ordinal) || result.Value.Values.First().Value.ByteLength < 8, "It tells its value.");
    }

    private static string Login(string extract) =>
        $$$"""{"protocol":"login","steps":[{"request":{"url":"https://service.example/t","form":{"p":"{!$Credential.Password}"}},"extract":{"a":"{{{extract}}}"} }],"apply":{"headers":{"Authorization":"Bearer {!$Token.a}"} } }""";

    /// <summary>Answers everything with the same: headers up to an empty line, then the body.</summary>
    private sealed class Answers : HttpMessageHandler
    {
        private readonly int _status;
        private readonly List<(string Name, string Value)> _headers = [];
        private readonly byte[] _body;

        public Answers(int status, FuzzInput input)
        {
            _status = status;
            while (Encoding.Latin1.GetString(input.Line()) is { Length: > 0 } line && _headers.Count < 20)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0)
                {
                    _headers.Add((line[..colon], line[(colon + 1)..].Trim()));
                }
            }

            _body = input.Rest();
        }

        public bool IsSuccess => _status is >= 200 and < 300;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = new HttpResponseMessage((HttpStatusCode)_status) { Content = new ByteArrayContent(_body) };
            foreach (var (name, value) in _headers)
            {
                _ = response.Headers.TryAddWithoutValidation(name, value) || response.Content.Headers.TryAddWithoutValidation(name, value);
            }

            return Task.FromResult(response);
        }
    }
}
