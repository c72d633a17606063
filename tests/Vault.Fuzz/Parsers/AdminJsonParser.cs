using Microsoft.AspNetCore.Http;
using Vault.Api.AdminHttp;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Definitions;
using Vault.Core.Primitives;

namespace Vault.Fuzz.Parsers;

/// <summary>Bodies of the admin API: read as their contract, or refused with a place.</summary>
internal sealed class AdminJsonParser : IFuzzedParser
{
    public string Name => "admin-json";

    public IReadOnlyList<string> Words =>
    [
        "{", "}", "[", "]", ":", ",", "\"", "null", "true", "1e999", "-0", "0.1", "NaN", "\\u0000", "\\ud800", "\"name\"", "\"authentication\"", "\"protocol\"", "\"allowedHosts\"", "\"principals\"",
        "\"customHeaders\"", "\"value\"", "\"sequence\"", "\"url\"", "\"externalCredential\"", "\"timeoutSeconds\"", "\"rateLimit\"", "\"permits\"", "\"allowedRequests\"", "\"methods\"", "\"path\"",
        "\"clientCertificate\"", "\"expiresAt\"", "\"2030-01-01T00:00:00Z\"", "\"role\"", "\"mayAssertUser\"", "\"Name\"", "//", "/*", "\uFEFF", "[[[[[[[[", "{\"a\":",
    ];

    public void Run(byte[] input)
    {
        var reader = new FuzzInput(input);
        var which = reader.Byte();
        var body = reader.Rest();
        switch (which % 6)
        {
            case 0:
                Read<ExternalCredentialInput>(body);
                break;
            case 1:
                Read<NamedCredentialInput>(body);
                break;
            case 2:
                Read<AppInput>(body);
                break;
            case 3:
                Read<AdminKeyInput>(body);
                break;
            case 4:
                Read<GrantInput>(body);
                break;
            default:
                Read<AppKeyInput>(body);
                break;
        }
    }

    private static void Read<T>(byte[] body)
        where T : class
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "PUT";
        context.Request.ContentType = "application/json";
        context.Request.Body = new MemoryStream(body);
        var task = JsonBody.ReadAsync<T>(context.Request, null, CancellationToken.None);
        var result = task.IsCompletedSuccessfully ? task.Result : throw new FuzzFailure("It fails: " + task.Exception);
        FuzzFailure.Unless(
            result.IsOk || (result.Error is { Code: ErrorCodes.InvalidRequest, Errors: { Count: > 0 } errors } && errors.Keys.All(path => path.StartsWith('$'))),
            $"It is refused without a place: {result.Error?.Code} {string.Join(", ", result.Error?.Errors?.Keys ?? [])}");
        FuzzFailure.Unless(result.IsOk || result.Error.Errors!.Values.SelectMany(messages => messages).All(message => message.Length < 500), "The message grows with the input.");
    }
}
