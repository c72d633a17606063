using System.Text.Json.Nodes;

namespace Vault.Cli.Import;

/// <summary>The URL of a token or an authorization endpoint, without the secrets that stood in its query.</summary>
/// <param name="Url">What is left.</param>
/// <param name="Parameters">What takes their place: further parameters of the requests.</param>
/// <param name="Due">The parameters that hold them from now on.</param>
internal sealed record TokenUrl(Uri Url, JsonObject Parameters, IReadOnlyList<DueParameter> Due)
{
    /// <summary>Reads one; null where it can't come over, which is told.</summary>
    /// <param name="text">As it stands in the metadata.</param>
    /// <param name="allowHttp">Whether http is fine.</param>
    /// <param name="setting">Where secrets go: <c>tokenParameters</c> or <c>authorizationParameters</c>; null: there is no place for them.</param>
    /// <param name="tell">Learns what became of it.</param>
    public static TokenUrl? Read(string text, bool allowHttp, string? setting, Action<Outcome, string> tell)
    {
        if (CredentialUrl.Read(text, allowHttp, credential: null, owner: null, out var problem) is not { } url)
        {
            tell(Outcome.NotImported, problem ?? "");
            foreach (var secret in UrlSecrets.In(text))
            {
                tell(Outcome.SecretInFile, secret.Sentence);
            }

            return null;
        }

        if (url.PathWarning is { } warning)
        {
            tell(Outcome.Note, warning);
        }

        var names = new FreeNames();
        var parameters = new JsonObject();
        var due = new List<DueParameter>();
        var kept = CredentialUrl.WithoutSecrets(url.Text, query =>
        {
            if (IsClientSecret(query))
            {
                tell(Outcome.SecretInFile, CredentialUrl.Uncopied(query) + " It is the parameter ClientSecret here.");
                return;
            }

            if (setting is null)
            {
                tell(Outcome.SecretInFile, CredentialUrl.Uncopied(query) + " Nothing takes its place: requests to this URL have no further parameters here.");
                return;
            }

            if (parameters.ContainsKey(query))
            {
                tell(Outcome.SecretInFile, CredentialUrl.Uncopied(query) + $" It stands there more than once, and nothing takes the place of the others: each of the {setting} is sent once.");
                return;
            }

            var parameter = names.Give($"{(setting == "tokenParameters" ? "TokenUrl" : "AuthorizeUrl")}_{query}");
            parameters[query] = $"{{!$Credential.{parameter}}}";
            due.Add(new DueParameter(parameter, $"the value of {Shown.Of(query)} in the URL", IsShared: true));
            tell(Outcome.SecretInFile, CredentialUrl.Uncopied(query) + $" The parameter {parameter} takes its place, and is sent as one of the {setting}, not in the URL.");
        });
        return new TokenUrl(new Uri(kept), parameters, due);
    }

    /// <summary>Whether a parameter of a token request is what the vault itself sends there.</summary>
    public static bool IsClientSecret(string query) => query.Equals("client_secret", StringComparison.OrdinalIgnoreCase);

    /// <summary>Adds what takes the secrets' place to settings.</summary>
    public void AddTo(JsonObject settings, string setting)
    {
        if (Parameters.Count == 0)
        {
            return;
        }

        if (settings[setting] is not JsonObject all)
        {
            settings[setting] = all = [];
        }

        foreach (var (name, value) in Parameters)
        {
            all.TryAdd(name, value?.DeepClone());
        }
    }
}
