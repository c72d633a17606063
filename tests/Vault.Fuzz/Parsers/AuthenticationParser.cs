using System.Text.Json;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Fuzz.Parsers;

/// <summary>The <c>authentication</c> object of every protocol: bound, or refused at a place.</summary>
internal sealed class AuthenticationParser : IFuzzedParser
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    public string Name => "authentication";

    public IReadOnlyList<string> Words =>
    [
        .. FuzzCredential.Protocols.Names.Select(name => $"\"protocol\":\"{name}\""), "\"steps\":[", "\"request\":{", "\"method\":\"POST\"", "\"url\":\"https://service.example/t\"", "\"url\":\"/token\"",
        "\"extract\":{", "\"$.a\"", "\"header:X\"", "\"cookie:c\"", "\"xpath://a\"", "\"regex:(a)\"", "\"body\"", "\"json\":{", "\"form\":{", "\"apply\":{\"headers\":{", "\"query\":{", "\"cookies\":{",
        "\"refreshOn\":[401]", "\"refresh\":[", "\"logout\":[", "\"failWhen\":\"$.e\"", "\"expiresIn\":\"a\"", "\"lifetimeSeconds\":1", "\"grant\":\"clientCredentials\"", "\"tokenUrl\":\"https://h/t\"",
        "\"issuer\":\"https://h\"", "\"clientAuthentication\":\"privateKeyJwt\"", "\"assertion\":{", "\"algorithm\":\"RS256\"", "\"claims\":{", "\"in\":\"query\"", "\"parameterName\":\"k\"", "\"notSecret\":[",
        "{!$Credential.A}", "{!$Token.a}", "{!HMAC('SHA-256','a',$Credential.K)}", "null", "1e999", "[]", "{}", "\"\"", ",", "\"scope\":", "\"tokenParameters\":{", "\"region\":", "\"roleArn\":",
    ];

    public void Run(byte[] input)
    {
        // The admin API reads only JSON whose texts are Unicode.
        if (!UnicodeJson.IsUnicode(input))
        {
            return;
        }

        JsonElement settings;
        try
        {
            using var document = JsonDocument.Parse(input, Strict);
            settings = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return;
        }

        var bound = FuzzCredential.Protocols.Bind(settings);
        if (!bound.IsOk)
        {
            FuzzFailure.Unless(
                bound.Error is { Code: ErrorCodes.InvalidRequest, Errors: { Count: > 0 } errors } && errors.Keys.All(path => path.StartsWith("$.authentication", StringComparison.Ordinal)),
                $"It is refused without a place: {bound.Error.Code} {string.Join(", ", bound.Error.Errors?.Keys ?? [])}");
            return;
        }

        var authentication = bound.Value;
        FuzzFailure.Unless(authentication.TokenUrls.All(url => url.IsAbsoluteUri && url.Scheme is "https" or "http"), "A token URL is none.");
        _ = authentication.AppliedTemplates.SelectMany(template => template.References).Count();
        _ = authentication.Tokens?.TokenNames.Count;
        var definition = new ExternalCredential
        {
            Id = Guid.Empty,
            Name = DeveloperName.Parse("ServiceLogin"),
            Authentication = settings,
            AllowedHosts = [AllowedHost.Parse("service.example").Value!],
            Principals = [new Principal(Guid.Empty, DeveloperName.Parse("default"), 1)],
            Version = 1,
            CreatedAt = default,
            UpdatedAt = default,
        };
        var hash = CredentialBinding.Hash(definition, authentication);
        FuzzFailure.Unless(
            new BoundCredential(definition, authentication, hash).RequiredParameters.All(name => DeveloperName.TryParse(name, out _)), "A required parameter's name can't be set.");
        FuzzFailure.Unless(hash.AsSpan().SequenceEqual(CredentialBinding.Hash(definition, FuzzCredential.Protocols.Bind(settings).Value!)), "It binds differently the second time.");
    }
}
