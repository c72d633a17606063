using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using System.Xml;
using System.Xml.XPath;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SignIns;

/// <summary>The answer to a request of a sign-in, read whole.</summary>
internal sealed class SignInAnswer
{
    // A text that is nested deep is told once for each level by XPath.
    private const int MaxXmlDepth = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };
    private static readonly XmlReaderSettings StrictXml = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    /// <summary>OAuth's registered error codes (IANA): the only thing of an answer's body that is ever repeated.</summary>
    private static readonly FrozenSet<string> RegisteredErrors = FrozenSet.ToFrozenSet(
    [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "access_denied",
        "unsupported_response_type", "server_error", "temporarily_unavailable", "invalid_token", "insufficient_scope", "invalid_target", "login_required",
        "interaction_required", "consent_required", "authorization_pending", "slow_down", "expired_token",
    ],
    StringComparer.Ordinal);

    private readonly HttpResponseMessage _message;
    private readonly Uri _url;
    private bool _isParsed;
    private JsonElement? _json;
    private bool _isXmlParsed;
    private XPathDocument? _xml;

    public SignInAnswer(HttpResponseMessage message, byte[] body, string request, Uri url)
    {
        _message = message;
        _url = url;
        Request = request;
        Text = WideText.Read(body) ?? (IsLatin1(message.Content.Headers.ContentType?.CharSet?.Trim('"') ?? MergeFields.XmlDeclaration.EncodingOf(body)) && !Utf8.IsValid(body)
            ? Encoding.Latin1.GetString(body)
            : Encoding.UTF8.GetString(body.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? body.AsSpan(3) : body));
    }

    private static bool IsLatin1(string? charset) => MergeBodyFormat.CharsetOf(charset) is BodyCharset.Latin1;

    /// <summary>Whether a text is one of OAuth's registered error codes, so that it may be repeated.</summary>
    public static bool IsRegisteredError(string? error) => error is not null && RegisteredErrors.Contains(error);

    /// <summary>The request that it answers, in words, with its host: for messages.</summary>
    public string Request { get; }

    /// <summary>The status.</summary>
    public int Status => (int)_message.StatusCode;

    /// <summary>Whether the status is a 2xx.</summary>
    public bool IsSuccess => Status is >= 200 and <= 299;

    /// <summary>OAuth's <c>error</c>, where it is a registered code; else null.</summary>
    public string? OAuthError =>
        Json is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("error", out var error)
        && error.ValueKind is JsonValueKind.String && RegisteredErrors.Contains(error.GetString() ?? "")
            ? error.GetString()
            : null;

    /// <summary>What was answered, in words: the status, and OAuth's error if it has one. Never anything else of the body.</summary>
    public string Outcome => $"{Request} was answered with status {Status}" + (OAuthError is { } error ? $" and the OAuth error {error}" : "");

    /// <summary>The body as XML; null where it is none, or has a DTD.</summary>
    public XPathDocument? Xml
    {
        get
        {
            if (!_isXmlParsed)
            {
                _isXmlParsed = true;
                try
                {
                    using (var probe = XmlReader.Create(new StringReader(Text), StrictXml))
                    {
                        while (probe.Read())
                        {
                            if (probe.Depth > MaxXmlDepth)
                            {
                                return _xml = null;
                            }
                        }
                    }

                    using var reader = XmlReader.Create(new StringReader(Text), StrictXml);
                    _xml = new XPathDocument(reader);
                }
                catch (XmlException)
                {
                    _xml = null;
                }
            }

            return _xml;
        }
    }

    /// <summary>The body's text: in the encoding that its byte order mark, its charset or, of XML without one, its declaration names, as far as that is read; else in UTF-8.</summary>
    public string Text { get; }

    /// <summary>Whether its <c>Content-Type</c>, or how it begins, says that it is JSON.</summary>
    public bool IsSaidToBeJson => Text.AsSpan().TrimStart() is ['{' or '[', ..] || HasJsonType;

    private bool HasJsonType =>
        _message.Content.Headers.ContentType?.MediaType is { } type
        && (type.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>The body as JSON; null where it is none.</summary>
    public JsonElement? Json
    {
        get
        {
            if (!_isParsed)
            {
                _isParsed = true;
                try
                {
                    var bytes = Encoding.UTF8.GetBytes(Text);
                    using var document = JsonDocument.Parse(bytes, Strict);
                    _json = UnicodeJson.IsUnicode(bytes) ? document.RootElement.Clone() : null;
                }
                catch (JsonException)
                {
                    _json = null;
                }
            }

            return _json;
        }
    }

    /// <summary>The values of a header.</summary>
    public IReadOnlyList<string> Header(string name)
    {
        if (_message.Headers.NonValidated.TryGetValues(name, out var values) || _message.Content.Headers.NonValidated.TryGetValues(name, out values))
        {
            return [.. values.Select(Decoded)];
        }

        return [];
    }

    // The client reads headers as Latin-1; text in them is nearly always UTF-8, and goes out as that.
    private static string Decoded(string bytes) =>
        !Ascii.IsValid(bytes) && Encoding.Latin1.GetBytes(bytes) is var raw && Utf8.IsValid(raw) ? Encoding.UTF8.GetString(raw) : bytes;

    /// <summary>
    /// The values that the answer leaves a cookie with, as a browser keeps it: one for each domain and path. The last counts (some servers write one twice), and one that is
    /// empty, or over, takes away what came before it.
    /// </summary>
    public IReadOnlyList<string> Cookie(string name)
    {
        var kept = new Dictionary<(string Domain, string Path), string>();
        foreach (var header in Header("Set-Cookie"))
        {
            if (SetCookie.Parse(header, _url) is not { } cookie || cookie.Name != name)
            {
                continue;
            }

            if (cookie.Value.Length > 0 && !cookie.IsOver)
            {
                kept[(cookie.Domain, cookie.Path)] = cookie.Value;
            }
            else
            {
                // Many services end the session before in the answer that begins the new one. What is written there is a placeholder, such as PHP's `deleted`.
                kept.Remove((cookie.Domain, cookie.Path));
            }
        }

        return [.. kept.Values.Distinct()];
    }
}
