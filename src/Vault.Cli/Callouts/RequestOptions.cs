using System.CommandLine;
using System.Text;
using Vault.Cli.Completion;
using Vault.Cli.Terminals;

namespace Vault.Cli.Callouts;

/// <summary>The options of curl that say what a request is, for <c>call</c>, <c>preview</c> and <c>test</c>.</summary>
internal sealed class RequestOptions
{
    private readonly Argument<string> _name = new("named-credential") { Description = "The named credential.", HelpName = "named-credential" };
    private readonly PathArgument _path = new() { Description = "What stands after its url, with the query, as in /record?id=7.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _method = new("--request", "-X") { Description = "The method; default GET, or POST with --data." };
    private readonly Option<string[]> _headers = new("--header", "-H") { Description = "A header, as in 'Accept: text/plain'; may stand several times." };
    private readonly Option<string?> _data = new("--data", "-d") { Description = "The body: text, @file or @- for standard input. As JSON unless a Content-Type is given." };
    private readonly Option<string?> _principal = new("--principal", "-p") { Description = "The principal; default: the first that is granted." };
    private readonly Option<string?> _user = new("--user", "-u") { Description = "The user, of a principal of type perUser." };

    /// <summary>Options for a command.</summary>
    public RequestOptions(Surroundings surroundings) => _name.CompletionSources.Add(VaultNames.Of(surroundings, "named-credentials"));

    /// <summary>Whether it means something where it is empty: a body without content, and the url as it is.</summary>
    public static bool MayBeEmpty(Symbol symbol) => symbol is Option { Name: "--data" } or PathArgument;

    /// <summary>Adds them.</summary>
    public Command AddTo(Command command)
    {
        command.Add(_name);
        command.Add(_path);
        foreach (var option in new Option[] { _method, _headers, _data, _principal, _user })
        {
            command.Add(option);
        }

        return command;
    }

    /// <summary>The named credential.</summary>
    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_name);

    /// <summary>What stands after the name: empty, or from the slash or question mark on.</summary>
    public string Path(ParseResult parsed)
    {
        var path = parsed.GetValue(_path) ?? "";
        if (path.Any(character => character is <= ' ' or > '~' or '#'))
        {
            throw CommandFailure.Usage("The path must be percent-encoded: it holds white space, a # or a character that isn't ASCII.");
        }

        return path.Length == 0 || path[0] is '/' or '?' ? path : "/" + path;
    }

    /// <summary>The method.</summary>
    public string Method(ParseResult parsed)
    {
        if (parsed.GetValue(_method) is not { } method)
        {
            return parsed.GetValue(_data) is null ? "GET" : "POST";
        }

        // CONNECT asks a proxy for a tunnel; it is no callout.
        return HttpText.IsToken(method) && !method.Equals("CONNECT", StringComparison.OrdinalIgnoreCase)
            ? method.ToUpperInvariant()
            : throw CommandFailure.Usage($"A method looks like GET or PATCH; '{SafeText.Of(method)}' can't be one here.");
    }

    /// <summary>The principal.</summary>
    public string? Principal(ParseResult parsed) => parsed.GetValue(_principal);

    /// <summary>The user.</summary>
    public string? User(ParseResult parsed) => parsed.GetValue(_user);

    /// <summary>Principal and user as a callout names them.</summary>
    public IEnumerable<KeyValuePair<string, string>> CallerHeaders(ParseResult parsed)
    {
        foreach (var (name, option) in new[] { ("X-Vault-Principal", _principal), ("X-Vault-User", _user) })
        {
            if (parsed.GetValue(option) is { } value)
            {
                // White space around it would be lost on the way, and another user meant.
                yield return HttpText.IsValue(value) && value.Trim().Length == value.Length
                    ? KeyValuePair.Create(name, value)
                    : throw CommandFailure.Usage($"{option.Name} is sent as a header here: only ASCII without control characters can be, and no white space around it; '{SafeText.Of(value)}' can't.");
            }
        }
    }

    /// <summary>The headers, with a content type where there is a body.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers(ParseResult parsed)
    {
        var headers = (parsed.GetValue(_headers) ?? []).Select(ReadHeader).ToList();
        if (parsed.GetValue(_data) is not null && headers.TrueForAll(header => !header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add(KeyValuePair.Create("Content-Type", "application/json"));
        }

        return headers;
    }

    private static KeyValuePair<string, string> ReadHeader(string line)
    {
        if (line.Split(':', 2) is not [var name, var value] || !HttpText.IsToken(name))
        {
            throw CommandFailure.Usage($"A header looks like 'Name: value'; '{SafeText.Of(line)}' doesn't.");
        }

        if (name.ToUpperInvariant() is "CONTENT-LENGTH" or "TRANSFER-ENCODING")
        {
            throw CommandFailure.Usage($"{name} is set here, by the body; leave it out.");
        }

        // Values may be secret; the name says enough.
        return HttpText.IsValue(value)
            ? KeyValuePair.Create(name, value.Trim())
            : throw CommandFailure.Usage($"The value of the header {name} must be ASCII without line breaks and other control characters.");
    }

    /// <summary>The body; null where there is none.</summary>
    public async Task<byte[]?> BodyAsync(ParseResult parsed, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_data) is not { } data)
        {
            return null;
        }

        if (!data.StartsWith('@'))
        {
            return Encoding.UTF8.GetBytes(data);
        }

        try
        {
            await using var source = data == "@-" ? surroundings.OpenInput() : File.OpenRead(surroundings.PathOf(data[1..]));
            using var memory = new MemoryStream();
            await source.CopyToAsync(memory, cancellationToken);
            return memory.ToArray();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{data[1..]} can't be read ({fault.GetType().Name}).");
        }
    }

    private sealed class PathArgument() : Argument<string?>("path");
}
