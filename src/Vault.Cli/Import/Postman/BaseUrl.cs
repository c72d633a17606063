namespace Vault.Cli.Import.Postman;

/// <summary>Where the service of a request is: scheme, host and port, and the path of a variable that stands for them.</summary>
internal static class BaseUrl
{
    /// <summary>The base; null where a variable has no value, which is then given.</summary>
    /// <param name="url">As it stands there.</param>
    /// <param name="variables">What stands for variables.</param>
    /// <param name="missing">A variable without a value.</param>
    public static string? Of(string url, PostmanVariables variables, out string? missing)
    {
        missing = null;
        var trimmed = url.Trim();
        var scheme = trimmed.IndexOf("://", StringComparison.Ordinal);
        var begin = trimmed[..EndOf(trimmed, scheme < 0 ? 0 : scheme + 3)];
        if (variables.Resolve(begin) is not { } resolved)
        {
            missing = PostmanVariables.NamesIn(begin).FirstOrDefault(name => variables.Resolve($"{{{{{name}}}}}") is null) ?? "";
            return null;
        }

        // As Postman sends what has no scheme.
        resolved = resolved.Split('?', '#')[0].Trim().TrimEnd('/');
        return resolved.Contains("://", StringComparison.Ordinal) ? resolved : "http://" + resolved;
    }

    // The names of variables may have any sign in them.
    private static int EndOf(string url, int start)
    {
        for (var at = start; at < url.Length; at++)
        {
            if (url.AsSpan(at).StartsWith("{{") && url.IndexOf("}}", at, StringComparison.Ordinal) is > 0 and var end)
            {
                at = end + 1;
            }
            else if (url[at] is '/' or '?' or '#')
            {
                return at;
            }
        }

        return url.Length;
    }
}
