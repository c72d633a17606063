using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>Asks a source over the vault's one way out, so that the rules of egress hold for it as for every other host.</summary>
/// <param name="source">What references call it.</param>
/// <param name="http">The way out.</param>
/// <param name="time">The clock of the limit.</param>
internal sealed class SourceRequest(string source, HttpMessageInvoker http, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Sends a request and reads a JSON answer; anything but a 2xx is a failure that says its status and no more. The request is disposed.</summary>
    /// <param name="message">The request.</param>
    /// <param name="read">Takes what is wanted from the answer; null, or <see cref="KeyNotFoundException"/>: it isn't there.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <param name="refused">Told the status of an answer that is no success.</param>
    public async Task<Result<T>> SendAsync<T>(HttpRequestMessage message, Func<JsonElement, T?> read, CancellationToken cancellationToken, Action<HttpStatusCode>? refused = null)
        where T : class
    {
        using var request = message;
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                refused?.Invoke(response.StatusCode);
                return Failed($"answered {(int)response.StatusCode}");
            }

            var body = await SignInExchange.ReadAsync(response, either.Token);
            if (body is null)
            {
                return Failed("answered with more than 1 MiB");
            }

            try
            {
                using var json = JsonDocument.Parse(body);
                return read(json.RootElement) is { } value ? value : Failed("has no such value");
            }
            finally
            {
                CryptographicOperations.ZeroMemory(body);
            }
        }
        catch (HttpRequestException exception) when (EgressDeniedException.IsCauseOf(exception))
        {
            return new VaultError(ErrorCodes.EgressDenied, $"The secret source {source} may not be reached from this vault (Vault:Egress:AllowedNetworks).");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Failed($"could not be asked: {SignInExchange.Reason(exception)}");
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // What it says may be the secret, or a part of it.
            return Failed("answered something that can't be read");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed("did not answer in time");
        }
    }

    /// <summary>A failure of this source.</summary>
    public VaultError Failed(string clause) => new(ErrorCodes.TokenRequestFailed, $"The secret source {source} {clause}.");

    /// <summary>A value of a JSON object, or the text itself where no field is asked for; numbers and booleans become their JSON text.</summary>
    public static SecretText? Field(JsonElement json, string? field)
    {
        if (field is null)
        {
            return json.ValueKind is JsonValueKind.String ? Text(json) : null;
        }

        return json.ValueKind is JsonValueKind.Object && json.TryGetProperty(field, out var value) ? Text(value) : null;
    }

    private static SecretText? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String when value.GetString() is { Length: > 0 } text => new SecretText(text),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => new SecretText(value.GetRawText()),
        _ => null,
    };
}
