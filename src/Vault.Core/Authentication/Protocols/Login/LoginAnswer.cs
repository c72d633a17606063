using System.Text;
using System.Text.Json;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>A step's answer, read whole.</summary>
internal sealed class LoginAnswer
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };
    private readonly HttpResponseMessage _message;
    private bool _isParsed;
    private JsonElement? _json;

    public LoginAnswer(HttpResponseMessage message, byte[] body)
    {
        _message = message;
        Text = Encoding.UTF8.GetString(body.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? body.AsSpan(3) : body);
    }

    /// <summary>The body as UTF-8.</summary>
    public string Text { get; }

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
                    using var document = JsonDocument.Parse(Text, Strict);
                    _json = document.RootElement.Clone();
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
            return [.. values];
        }

        return [];
    }

    /// <summary>The values that <c>Set-Cookie</c> gives a cookie; of several, the last counts, as in a browser.</summary>
    public IReadOnlyList<string> Cookie(string name)
    {
        string? found = null;
        foreach (var cookie in Header("Set-Cookie"))
        {
            var pair = cookie.Split(';', 2)[0].Split('=', 2);
            if (pair.Length == 2 && pair[0].Trim() == name)
            {
                found = pair[1].Trim();
            }
        }

        return found is null ? [] : [found];
    }
}
