namespace Vault.Fuzz.Parsers;

/// <summary>The parsers, one line each.</summary>
internal static class FuzzedParsers
{
    private static readonly Dictionary<string, Func<IFuzzedParser>> All = new(StringComparer.Ordinal)
    {
        ["merge-template"] = static () => new MergeTemplateParser(),
        ["merge-body"] = static () => new MergeBodyParser(),
        ["raw-target"] = static () => new RawTargetParser(),
        ["sealed-record"] = static () => new SealedRecordParser(),
        ["redactor"] = static () => new RedactorParser(),
        ["content-coding"] = static () => new ContentCodingParser(),
        ["admin-json"] = static () => new AdminJsonParser(),
        ["authentication"] = static () => new AuthenticationParser(),
        ["json-path"] = static () => new JsonPathParser(),
        ["sign-in-answer"] = static () => new SignInAnswerParser(),
        ["challenge"] = static () => new ChallengeParser(),
        ["key-text"] = static () => new KeyTextParser(),
        ["host"] = static () => new HostParser(),
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>The parser of this name, or null.</summary>
    public static IFuzzedParser? Find(string name) => All.TryGetValue(name, out var make) ? make() : null;
}
