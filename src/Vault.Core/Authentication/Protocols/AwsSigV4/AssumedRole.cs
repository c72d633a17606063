using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Settings;
using Vault.Core.Authentication.Signing;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary>Gets the keys of a role from STS (AWS STS API, AssumeRole, version 2011-06-15).</summary>
internal sealed class AssumedRole(AwsSettings settings, AwsRole role) : ITokenProtocol
{
    private const string Name = "AssumeRole of AWS STS";

    // As the AccessKeyId of a principal.
    private const string KeyId = "accessKeyId";

    /// <inheritdoc />
    public IReadOnlyList<string> TokenNames => [];

    /// <inheritdoc />
    public bool IsSecret(string name, SecretText value) => name != KeyId;

    // AWS says so with a 400 or 403, by the service; other refusals are about rights.
    /// <inheritdoc />
    public IReadOnlyList<DeadTokenSign> RefreshOn { get; } =
    [
        .. from status in new[] { 400, 401, 403 }
           from text in new[] { "ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidToken", "security token included in the request" }
           select new DeadTokenSign(status, text),
    ];

    /// <inheritdoc />
    public async Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var request = Make(context);
        if (!request.IsOk)
        {
            return request.Error;
        }

        var answer = await SignInExchange.SendAsync(context, request.Value, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Error;
        }

        return answer.Value.IsSuccess ? Read(answer.Value, context.Time.GetUtcNow()) : SignInExchange.Refused(answer.Value);
    }

    private static Result<TokenSet> Read(SignInAnswer answer, DateTimeOffset now)
    {
        var navigator = answer.Xml?.CreateNavigator();
        var id = Value("AccessKeyId");
        var key = Value("SecretAccessKey");
        var session = Value("SessionToken");
        var isTime = DateTimeOffset.TryParse(Value("Expiration"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end);
        return id is null || key is null || session is null || !isTime || end <= now || end > now.AddDays(2)
            ? SignInExchange.Failed($"{answer.Outcome}, but with no credentials that make sense.", "Look at stsUrl: what answers there is not STS, or this machine's clock is wrong.")
            : new TokenSet(
                Guid.NewGuid(),
                new Dictionary<string, SecretText> { [KeyId] = new(id), ["secretAccessKey"] = new(key), ["sessionToken"] = new(session) },
                now,
                end);

        string? Value(string name) =>
            navigator?.SelectSingleNode($"//*[local-name()='Credentials']/*[local-name()='{name}']")?.Value is { Length: > 0 and <= 65_536 } text
            && !text.Any(char.IsControl) ? text : null;
    }

    private Result<SignInRequest> Make(TokenAcquisition context)
    {
        var keys = AwsKeys.Of(context.Parameters);
        var scope = context.Scope();
        var arn = role.Arn.Check(scope) is { } unknown ? unknown : role.Arn.Resolve(scope, MergeEscaping.None);
        if ((keys.Error ?? arn.Error) is { } error)
        {
            return error;
        }

        var form = new List<SignInValue>
        {
            new("Action", "AssumeRole"), new("Version", "2011-06-15"), new("RoleArn", arn.Value!.Text, arn.Value.IsSecret || role.Arn.References.Any(MaskedScope.Hides) ? "roleArn" : null),
            new("RoleSessionName", SessionName(context.Credential.Definition.Name.Value)),
        };
        if (role.ExternalId is { } template)
        {
            var externalId = template.Check(scope) is { } bad ? bad : template.Resolve(scope, MergeEscaping.None);
            if (!externalId.IsOk)
            {
                return externalId.Error;
            }

            form.Add(new SignInValue("ExternalId", externalId.Value.Text, externalId.Value.IsSecret || template.References.Any(MaskedScope.Hides) ? "externalId" : null));
        }

        if (role.DurationSeconds is { } seconds)
        {
            form.Add(new SignInValue("DurationSeconds", seconds.ToString(CultureInfo.InvariantCulture)));
        }

        return Sign(context, keys.Value!, form);
    }

    private Result<SignInRequest> Sign(TokenAcquisition context, AwsKeys keys, List<SignInValue> form)
    {
        var now = context.Time.GetUtcNow();
        var time = AwsSignature.TimeOf(now);
        var body = Encoding.UTF8.GetBytes(string.Join('&', form.Select(pair => Uri.EscapeDataString(pair.Name) + "=" + Uri.EscapeDataString(pair.Value))));
        const string ContentType = "application/x-www-form-urlencoded; charset=utf-8";
        var url = UrlSetting.ToSend(role.StsUrl);
        var headers = new List<SignInValue> { new("X-Amz-Date", time) };
        if (keys.SessionToken is { } session)
        {
            headers.Add(new SignInValue("X-Amz-Security-Token", session, "SessionToken"));
        }

        var host = url.HostNameType is UriHostNameType.IPv6 ? url.Host : url.IdnHost;
        var signer = new AwsSignature.Signer(keys.AccessKeyId, keys.SecretAccessKey, StsEndpoint.RegionOf(url) ?? settings.Region, "sts", now);
        var (authorization, _) = AwsSignature.Make(
            signer, "POST", url.AbsolutePath, url.Query.TrimStart('?'),
            [
                .. headers.Select(header => new KeyValuePair<string, string>(header.Name, header.Value)),
                new("Content-Type", ContentType), new("Host", url.IsDefaultPort ? host : $"{host}:{url.Port}"),
            ],
            AwsSignature.HashOf(body));
        headers.Add(new SignInValue("Authorization", authorization, "Signature"));

        var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType);
        var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        foreach (var header in headers)
        {
            message.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        return new SignInRequest(Name, message, () => new MaskedRequest(
            "POST", url.OriginalString, [.. headers.Select(header => new MaskedHeader(header.Name, header.Shown)), new MaskedHeader("Content-Type", ContentType)],
            string.Join('&', form.Select(pair => pair.Name + "=" + pair.Shown))));
    }

    private static string SessionName(string name) => ("vault-" + name) is { Length: > 64 } text ? text[..64] : "vault-" + name;
}
