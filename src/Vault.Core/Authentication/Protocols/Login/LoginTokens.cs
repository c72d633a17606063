using System.Text.Json;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Egress;
using Vault.Core.JsonPaths;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Runs the steps of a login.</summary>
internal sealed class LoginTokens(
    IReadOnlyList<LoginStep> steps, LoginLifetime lifetime, IReadOnlyList<DeadTokenSign> refreshOn, IReadOnlyList<string> tokenNames) : ITokenProtocol
{
    private const int AnswerLimit = 1024 * 1024;

    /// <summary>OAuth's registered error codes (IANA): the only thing of an answer's body that is ever repeated.</summary>
    private static readonly HashSet<string> OAuthErrors = new(StringComparer.Ordinal)
    {
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "access_denied",
        "unsupported_response_type", "server_error", "temporarily_unavailable", "invalid_token", "insufficient_scope", "invalid_target", "login_required",
        "interaction_required", "consent_required", "authorization_pending", "slow_down", "expired_token",
    };

    public IReadOnlyList<string> TokenNames => tokenNames;

    public IReadOnlyList<DeadTokenSign> RefreshOn => refreshOn;

    public async Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < steps.Count; index++)
        {
            var number = steps.Count == 1 ? "The login request" : $"Step {index + 1} of the login";
            if (await RunAsync(context, steps[index], number, values, cancellationToken) is { } error)
            {
                return error;
            }
        }

        var now = context.Time.GetUtcNow();
        return lifetime.TryFindEnd(values, now, out var end)
            ? new TokenSet(Guid.NewGuid(), values.ToDictionary(value => value.Key, value => new SecretText(value.Value)), now, end)
            : Failed("The login gave a token with a lifetime that makes no sense; it is not used.");
    }

    private static VaultError Failed(string detail) => new(ErrorCodes.TokenRequestFailed, detail);

    private static async Task<VaultError?> RunAsync(
        TokenAcquisition context, LoginStep step, string number, Dictionary<string, string> values, CancellationToken cancellationToken)
    {
        var made = StepMessage.Make(step.Request, context, new StepValues(values));
        if (!made.IsOk)
        {
            return made.Error with { Detail = $"{number}: {made.Error.Detail}" };
        }

        using var request = made.Value;
        var host = request.RequestUri!.Authority;
        try
        {
            using var response = await context.Http.SendAsync(request, cancellationToken);
            if (await ReadAsync(response, cancellationToken) is not { } body)
            {
                return Failed($"{number} to {host} was answered with more than 1 MiB.");
            }

            return Read(step, new LoginAnswer(response, body), (int)response.StatusCode, $"{number} to {host}", values);
        }
        catch (EgressDeniedException)
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{number}: {host} may not be reached from this vault (Vault:Egress:AllowedNetworks).");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Failed($"{number} to {host} failed: the service could not be reached, or did not speak HTTP.");
        }
        catch (OperationCanceledException)
        {
            return Failed($"{number} to {host} was not answered in time.");
        }
    }

    private static VaultError? Read(LoginStep step, LoginAnswer answer, int status, string request, Dictionary<string, string> values)
    {
        if (status is < 200 or > 299)
        {
            return Failed($"{request} was answered with status {status}{OAuthError(answer)}.");
        }

        if (step.FailWhen is { } failWhen)
        {
            if (answer.Json is not { } json)
            {
                return Failed($"{request} was answered with status {status}, but with no JSON for failWhen.");
            }

            if (Fires(failWhen, json))
            {
                return Failed($"{request} was answered with status {status}, but failWhen found an error in it{OAuthError(answer)}.");
            }
        }

        foreach (var extraction in step.Extract)
        {
            if (extraction.Find(answer) is not [{ Length: > 0 } value])
            {
                return Failed($"{request} was answered with status {status}, but {extraction.Source} of '{extraction.Name}' found not exactly one value.");
            }

            values[extraction.Name] = value;
        }

        return null;
    }

    private static bool Fires(JsonPathQuery query, JsonElement json) => query.Select(json).Any(node => node.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => node.GetString() is { Length: > 0 },
        JsonValueKind.Array => node.GetArrayLength() > 0,
        JsonValueKind.Object => node.EnumerateObject().Any(),
        _ => true,
    });

    private static string OAuthError(LoginAnswer answer) =>
        answer.Json is { ValueKind: JsonValueKind.Object } json
        && json.TryGetProperty("error", out var error)
        && error.ValueKind is JsonValueKind.String
        && OAuthErrors.Contains(error.GetString() ?? "")
            ? $" and the OAuth error {error.GetString()}"
            : "";

    private static async Task<byte[]?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var memory = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            memory.Write(buffer, 0, read);
            if (memory.Length > AnswerLimit)
            {
                return null;
            }
        }

        return memory.ToArray();
    }
}
