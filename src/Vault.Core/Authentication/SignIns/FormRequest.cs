using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Vault.Core.Authentication.Settings;

namespace Vault.Core.Authentication.SignIns;

/// <summary>A value and, where it is secret, what stands for it in a trace.</summary>
/// <param name="Name">Of the parameter or header.</param>
/// <param name="Value">The value.</param>
/// <param name="Mask">Null: it may be shown.</param>
internal sealed record SignInValue(string Name, string Value, string? Mask = null)
{
    /// <summary>Whether it may not stand in a URL that people see. A name that says who may, and is masked in a trace all the same.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether the value is escaped for a form or a query already, as its template says.</summary>
    public bool IsEscaped { get; init; }

    /// <summary>What a trace shows.</summary>
    public string Shown => Mask is null ? Value : $"••••••({Mask})";

    /// <summary>Never the value.</summary>
    public override string ToString() => Name;
}

/// <summary>A POST of a form, as token endpoints take them (RFC 6749 appendix B).</summary>
internal static class FormRequest
{
    /// <summary>Makes it.</summary>
    /// <param name="name">What it is, in words.</param>
    /// <param name="url">Where it goes.</param>
    /// <param name="form">The parameters.</param>
    /// <param name="headers">Further headers; values are text.</param>
    public static SignInRequest Make(string name, Uri url, IReadOnlyList<SignInValue> form, IReadOnlyList<SignInValue> headers)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Join('&', form.Select(pair => Encode(pair.Name) + "=" + EncodeValue(pair)))));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        var message = new HttpRequestMessage(HttpMethod.Post, UrlSetting.ToSend(url))
        {
            Version = url.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = content,
        };
        foreach (var header in headers)
        {
            var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(header.Value));
            if (!message.Headers.TryAddWithoutValidation(header.Name, bytes))
            {
                content.Headers.Remove(header.Name);
                content.Headers.TryAddWithoutValidation(header.Name, bytes);
            }
        }

        AddDefault("Accept", "application/json");
        AddDefault("Accept-Encoding", "identity");
        return new SignInRequest(name, message, () => new MaskedRequest(
            "POST",
            url.OriginalString,
            [.. headers.Select(header => new MaskedHeader(header.Name, header.Shown)), .. Has("Content-Type") ? [] : new[] { new MaskedHeader("Content-Type", "application/x-www-form-urlencoded") }],
            string.Join('&', form.Select(pair => Encode(pair.Name) + "=" + (pair.Mask is null ? EncodeValue(pair) : pair.Shown)))));

        bool Has(string header) => headers.Any(own => own.Name.Equals(header, StringComparison.OrdinalIgnoreCase));

        void AddDefault(string header, string value)
        {
            if (!Has(header))
            {
                message.Headers.TryAddWithoutValidation(header, value);
            }
        }
    }

    /// <summary>As <c>application/x-www-form-urlencoded</c> wants it.</summary>
    public static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static string EncodeValue(SignInValue pair) => pair.IsEscaped ? pair.Value : Encode(pair.Value);
}
