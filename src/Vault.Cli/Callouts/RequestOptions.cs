using System.CommandLine;
using System.Text;
using Vault.Cli.Completion;
using Vault.Cli.Terminals;

namespace Vault.Cli.Callouts;

/// <summary>The options of curl that say what a request is, for <c>call</c>, <c>preview</c> and <c>test</c>.</summary>
internal sealed class RequestOptions
{
    private readonly Argument<string> _name = new("named-credential") { Description = "The named credential.", HelpName = "named-credential" };
    private readonly Argument<string?> _path = new("path") { Description = "What stands after its url, with the query, as in /record?id=7.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _method = new("--request", "-X") { Description = "The method; default GET, or POST with --data." };
    private readonly Option<string[]> _headers = new("--header", "-H") { Description = "A header, as in 'Accept: text/plain'; may stand several times." };
    private readonly Option<string?> _data = new("--data", "-d") { Description = "The body: text, @file or @- for standard input. As JSON unless a Content-Type is given." };
    private readonly Option<string?> _principal = new("--principal", "-p") { Description = "The principal; default: the first that is granted." };
    private readonly Option<string?> _user = new("--user", "-u") { Description = "The user, of a principal of type perUser." };

    /// <summary>Options for a command.</summary>
    public RequestOptions(Surroundings surroundings) => _name.CompletionSources.Add(VaultNames.Of(surroundings, "named-credentials"));

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
    public string Method(ParseResult parsed) => parsed.GetValue(_method)?.ToUpperInvariant() ?? (parsed.GetValue(_data) is null ? "GET" : "POST");

    /// <summary>The principal.</summary>
    public string? Principal(ParseResult parsed) => parsed.GetValue(_principal);

    /// <summary>The user.</summary>
    public string? User(ParseResult parsed) => parsed.GetValue(_user);

    /// <summary>The headers, with a content type where there is a body.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers(ParseResult parsed)
    {
        var headers = (parsed.GetValue(_headers) ?? []).Select(line => line.Split(':', 2) is [{ Length: > 0 } name, var value] && !name.Any(char.IsWhiteSpace)
            ? KeyValuePair.Create(name, value.Trim())
            : throw CommandFailure.Usage($"A header looks like 'Name: value'; '{SafeText.Of(line)}' doesn't.")).ToList();
        if (parsed.GetValue(_data) is not null && headers.TrueForAll(header => !header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add(KeyValuePair.Create("Content-Type", "application/json"));
        }

        return headers;
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
}
