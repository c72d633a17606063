using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;

namespace Vault.Testing;

/// <summary>Remembers the secrets that a test sets through the admin API, to look for them afterwards where none may be.</summary>
public sealed class SecretsSet
{
    /// <summary>A shorter text stands in a log by chance, and isn't redacted either.</summary>
    private const int MinLength = 8;

    // Names, not secrets (contract section 5), and what may be a secret beside its protocol's settings when it is given inline.
    private static readonly string[] NotSecret = ["username", "clientid", "consumerkey", "accesskeyid"];
    private static readonly string[] InlineSecrets =
        ["password", "token", "apikey", "clientsecret", "privatekey", "refreshtoken", "subjecttoken", "key", "secretaccesskey", "sessiontoken", "consumersecret", "tokensecret"];

    private readonly ConcurrentDictionary<string, bool> _secrets = new(StringComparer.Ordinal);

    /// <summary>A handler that reads what goes to the admin API on its way.</summary>
    public DelegatingHandler Watch(HttpMessageHandler inner) => new Watcher(this) { InnerHandler = inner };

    /// <summary>Fails where one of them stands in a line, in any encoding.</summary>
    public void AssertAbsent(IReadOnlyList<string> lines)
    {
        var all = _secrets.Keys.ToArray();
        var forms = all.SelectMany(SecretForms.Of).Distinct().ToArray();
        if (forms.Length == 0)
        {
            return;
        }

        // One pass over everything; only a line that has something is looked at form by form.
        var search = SearchValues.Create(forms, StringComparison.Ordinal);
        foreach (var line in lines.Where(line => line.AsSpan().ContainsAny(search)))
        {
            SecretForms.AssertAbsent(line, "the log of a test", all);
        }
    }

    private void Read(JsonElement body)
    {
        if (body.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in body.EnumerateObject())
        {
            if (property.NameEquals("parameters") && property.Value.ValueKind is JsonValueKind.Object)
            {
                foreach (var parameter in property.Value.EnumerateObject().Where(parameter => !NotSecret.Contains(parameter.Name.ToLowerInvariant())))
                {
                    Add(parameter.Value);
                }
            }
            else if (property.NameEquals("authentication") && property.Value.ValueKind is JsonValueKind.Object)
            {
                foreach (var setting in property.Value.EnumerateObject().Where(setting => InlineSecrets.Contains(setting.Name.ToLowerInvariant())))
                {
                    Add(setting.Value);
                }

                Read(property.Value);
            }
            else if ((property.NameEquals("externalCredentials") || property.NameEquals("principals")) && property.Value.ValueKind is JsonValueKind.Array)
            {
                // A whole document of definitions.
                foreach (var item in property.Value.EnumerateArray())
                {
                    Read(item);
                }
            }
        }
    }

    private void Add(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.String && value.GetString() is { Length: >= MinLength } text)
        {
            _secrets[text] = true;
        }
    }

    private sealed class Watcher(SecretsSet set) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is { } content && request.RequestUri is { } uri && uri.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal))
            {
                await content.LoadIntoBufferAsync(cancellationToken);
                try
                {
                    using var body = JsonDocument.Parse(await content.ReadAsByteArrayAsync(cancellationToken));
                    set.Read(body.RootElement);
                }
                catch (Exception exception) when (exception is JsonException or InvalidOperationException)
                {
                    // A test of what the vault does with such a body.
                }
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
