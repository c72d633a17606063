using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Core.Administration.Secrets;
using Vault.Core.Audit;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary>Reads a JSON body strictly; what is wrong with it is said with the JSON path where it is.</summary>
internal static class JsonBody
{
    private const int DefaultLimit = 1024 * 1024;

    /// <summary>The body as a contract.</summary>
    /// <param name="request">The request.</param>
    /// <param name="whenEmpty">What an absent body means; null: a body is required.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <param name="mostBytes">How long it may be.</param>
    public static async Task<Result<T>> ReadAsync<T>(HttpRequest request, T? whenEmpty, CancellationToken cancellationToken, int mostBytes = DefaultLimit)
        where T : class
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = mostBytes;
        }

        var hasBody = request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
        if (!hasBody && whenEmpty is not null)
        {
            return whenEmpty;
        }

        // Where nothing need be sent, that shows only at its end (chunked, HTTP/2).
        if (hasBody && whenEmpty is null && JudgeType(request) is { } unsupported)
        {
            return unsupported;
        }

        using var memory = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(memory, cancellationToken);
            if (AuditOrigin.Current?.IsInForce?.Invoke() is false)
            {
                return CallerResolver.Unauthenticated;
            }

            if (memory.Length == 0 && whenEmpty is not null)
            {
                return whenEmpty;
            }

            if (hasBody && JudgeType(request) is { } other)
            {
                return other;
            }

            if (!UnicodeJson.IsUnicode(memory.GetBuffer().AsSpan(0, (int)memory.Length)))
            {
                return VaultError.Invalid("$", "Is not well-formed JSON: a name or text in it is not Unicode.");
            }

            if (JsonSerializer.Deserialize<T>(memory.GetBuffer().AsSpan(0, (int)memory.Length), AdminJson.Options) is not { } value)
            {
                return VaultError.Invalid("$", "Must be a JSON object.");
            }

            if (JsonPlaces.FindHugeNumber(memory.GetBuffer().AsSpan(0, (int)memory.Length)) is { } huge)
            {
                return VaultError.Invalid(huge, "Is too large, or too small, a number: its exponent may have nine digits.");
            }

            if (HttpMethods.IsPost(request.Method))
            {
                AuditedRequests.NoteName(NameIn(memory));
            }

            return value;
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return new VaultError(ErrorCodes.BodyTooLarge, $"The body is too large: at most {mostBytes} bytes are read.");
        }
        catch (JsonException exception)
        {
            return ToError(exception, memory.GetBuffer().AsSpan(0, (int)memory.Length));
        }
    }

    private static VaultError? JudgeType(HttpRequest request) => request.Headers.ContentEncoding is { Count: > 0 } codings && codings is not ["identity"]
        ? new VaultError(ErrorCodes.UnsupportedMediaType, "The body must not be compressed.")
        : IsJson(request.ContentType) ? null : new VaultError(ErrorCodes.UnsupportedMediaType, "The body must be application/json, in UTF-8.");

    private static string? NameIn(MemoryStream body)
    {
        using var json = JsonDocument.Parse(new ReadOnlyMemory<byte>(body.GetBuffer(), 0, (int)body.Length));
        return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String
            ? name.GetString() : null;
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    // The serializer's messages name properties and types, never values.
    private static VaultError ToError(JsonException exception, ReadOnlySpan<byte> json)
    {
        var path = JsonPlaces.OfSerializer(exception.Path);
        if (exception.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
        {
            return VaultError.Invalid(path, "Unknown property.");
        }

        // Within what is kept as JSON the serializer knows only where that begins.
        if (JsonPlaces.FindDuplicate(json) is { } twice)
        {
            return VaultError.Invalid(twice, "Stands here twice.");
        }

        if (exception is ParameterInputException { Problem: var problem })
        {
            return VaultError.Invalid(problem.PlaceIn(path), problem.Message);
        }

        if (exception.Message.Contains("maximum configured depth", StringComparison.Ordinal))
        {
            return VaultError.Invalid(path, $"Is nested too deep: at most {AdminJson.Options.MaxDepth} objects and lists within each other.");
        }

        if (exception.Message.Contains("null values. Consider updating its nullability", StringComparison.Ordinal))
        {
            return VaultError.Invalid(path, "Must not be null; it can be left out.");
        }

        if (exception.InnerException is JsonException || (exception.InnerException is null && exception.GetType() != typeof(JsonException)))
        {
            return VaultError.Invalid(path, $"Is not well-formed JSON (line {exception.LineNumber + 1}).");
        }

        if (exception.InnerException is not null || exception.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal))
        {
            return VaultError.Invalid(path, "Is not of the right type.");
        }

        return exception.Message.StartsWith("Must ", StringComparison.Ordinal)
            ? VaultError.Invalid(path, exception.Message)
            : VaultError.Invalid(path, exception.LineNumber is { } line ? $"Is not well-formed JSON, or not of the right type (line {line + 1})." : "Is not of the right type.");
    }
}
