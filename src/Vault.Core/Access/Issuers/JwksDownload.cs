using System.Net;
using System.Text;
using System.Text.Json;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>Fetches an issuer's keys, through the same egress rules as everything else that leaves the vault.</summary>
public sealed class JwksDownload(UpstreamConnections connections)
{
    private const int AnswerLimit = 1024 * 1024;

    /// <summary>The keys, or what went wrong, in words for the log.</summary>
    public async Task<Result<JwksKeys>> FetchAsync(JwtIssuer issuer, CancellationToken cancellationToken)
    {
        var url = issuer.JwksUrl;
        if (issuer.MetadataUrl is { } metadata)
        {
            var found = await FindAsync(metadata, issuer.Issuer, cancellationToken);
            if (!found.IsOk)
            {
                return found.Error;
            }

            url = found.Value;
        }

        var set = await GetAsync(url!, cancellationToken);
        return set.IsOk ? JwksKeys.Parse(set.Value) : set.Error;
    }

    private static VaultError Failed(string detail) => new(ErrorCodes.UpstreamUnreachable, detail);

    private async Task<Result<Uri>> FindAsync(Uri metadata, string issuer, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(metadata, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Error;
        }

        try
        {
            using var json = JsonDocument.Parse(answer.Value);

            // OpenID Connect Discovery section 4.3: metadata of another issuer must not be used.
            if (json.RootElement.ValueKind is not JsonValueKind.Object || JwtText.Text(json.RootElement, "issuer") != issuer)
            {
                return Failed($"The metadata at {metadata.Authority} is not of the issuer that is set.");
            }

            return Uri.TryCreate(JwtText.Text(json.RootElement, "jwks_uri"), UriKind.Absolute, out var url) && url.UserInfo.Length == 0
                && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && connections.AllowHttp))
                ? url
                : Failed($"The metadata at {metadata.Authority} has no usable jwks_uri.");
        }
        catch (JsonException)
        {
            return Failed($"The metadata at {metadata.Authority} is not JSON.");
        }
    }

    private async Task<Result<string>> GetAsync(Uri url, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url)
        {
            Version = url.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        try
        {
            using var response = await connections.Invoker.SendAsync(request, cancellationToken);
            if (response.StatusCode is not HttpStatusCode.OK)
            {
                return Failed($"{url.Authority} answered {(int)response.StatusCode}.");
            }

            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var memory = new MemoryStream();
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                memory.Write(buffer, 0, read);
                if (memory.Length > AnswerLimit)
                {
                    return Failed($"{url.Authority} answered with more than 1 MiB.");
                }
            }

            return Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length);
        }
        catch (HttpRequestException exception) when (EgressDeniedException.IsCauseOf(exception))
        {
            return Failed($"{url.Authority} may not be reached from this vault (Vault:Egress:AllowedNetworks).");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Failed($"{url.Authority} could not be reached ({exception.GetType().Name}).");
        }
        catch (OperationCanceledException)
        {
            return Failed($"{url.Authority} did not answer in time.");
        }
    }
}
