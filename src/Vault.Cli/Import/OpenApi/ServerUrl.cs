using Microsoft.OpenApi;

namespace Vault.Cli.Import.OpenApi;

/// <summary>The URL of a server, with its variables filled in.</summary>
internal static class ServerUrl
{
    private const int LongestLabel = 30;

    /// <summary>The URL; with placeholders that nobody can fill in, it is none that <see cref="CredentialUrl"/> takes.</summary>
    /// <param name="server">The server.</param>
    /// <param name="begin">Where relative ones begin; null: nowhere.</param>
    public static string Of(OpenApiServer server, Uri? begin)
    {
        var url = server.Url ?? "";
        foreach (var (name, variable) in server.Variables ?? new Dictionary<string, OpenApiServerVariable>())
        {
            url = url.Replace($"{{{name}}}", variable.Default ?? "", StringComparison.Ordinal);
        }

        if (url.StartsWith("//", StringComparison.Ordinal))
        {
            url = "https:" + url;
        }

        return begin is not null && !url.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(begin, url.StartsWith('/') ? "." + url : url, out var joined)
            ? joined.AbsoluteUri.TrimEnd('/') : url.TrimEnd('/');
    }

    /// <summary>What tells it apart from the others: its description, if that is short, else its host.</summary>
    public static string LabelOf(OpenApiServer server, Uri url) =>
        server.Description is { Length: > 0 and <= LongestLabel } text && text.Any(char.IsAsciiLetter) ? text : url.Host;
}
