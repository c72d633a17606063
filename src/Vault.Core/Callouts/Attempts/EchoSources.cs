using System.Text;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts.Bodies;
using Vault.Core.MergeFields;
using Vault.Core.MergeFields.Escaping;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What the answer of an attempt is searched for, and what upstream is asked so that it can be searched.</summary>
internal static class EchoSources
{
    // Of longer ones the escapes would fill what is kept; they are added where a field makes them.
    private const int LongestKeptEscaped = 4096;
    private static readonly MergeEscaping[] Landings = [MergeEscaping.Json, MergeEscaping.Xml, MergeEscaping.Html, MergeEscaping.Form];

    /// <summary>Asks for an answer as it is.</summary>
    internal static readonly KeyValuePair<string, string> Plain = new("Accept-Encoding", "identity");

    /// <summary>
    /// Secret parameters, also as they were in the last 24 hours, and the derived <c>Basic</c> value; contract section 5. They are known before
    /// anything is made of them: then nearly all that is made is among what is known.
    /// </summary>
    public static void AddParameters(Callout callout, EchoSets sets)
    {
        if (callout.Plan.Named.RedactResponses)
        {
            // The parameters are opened only where no callout before needed the very same ones.
            var key = new EchoKey(callout.Plan.External, callout.Admitted.Principal.Id, callout.Admitted.User, callout.Credentials.EchoStamp);
            callout.Echoes.Know(sets, key, sets.Get(key, callout, static (callout, values) => Open(callout, values)));
        }
    }

    /// <summary>The token, and those of the last 24 hours; also where this callout asked for none.</summary>
    public static async ValueTask AddTokensAsync(Callout callout, CalloutToken token, TokenSource tokens, CancellationToken cancellationToken)
    {
        if (callout.Plan.Named.RedactResponses && callout.Plan.External.Authentication.Tokens is not null)
        {
            callout.Echoes.Know(token.Request.Key, await tokens.Known.OfAsync(token.Request, cancellationToken));
        }
    }

    /// <summary>The headers that ask for an answer that can be read as it comes.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> AskForPlain(
        Callout callout, IReadOnlyList<KeyValuePair<string, string>> headers, IBodyTransform? transform)
    {
        // A body that is merged while it streams may still make secrets that there were none of before.
        var isSearched = callout.Echoes.IsOn || (transform is MergedBody && callout.Plan.Named.RedactResponses);
        if (!isSearched && !callout.Plan.ReadsAnswers)
        {
            return headers;
        }

        // Whatever the caller says that it is (gRPC, an upgrade), the answer may be an ordinary one: none comes in pieces that are too small to be searched.
        var plain = headers as List<KeyValuePair<string, string>> ?? [.. headers];
        plain.RemoveAll(header => isSearched ? IsUnsearchable(header.Key, callout.Request) : IsCoding(header.Key) && !callout.Request.IsGrpc);
        if (!callout.Request.IsGrpc)
        {
            plain.Add(Plain);
        }

        return plain;
    }

    /// <summary>Whether a header asks for an answer that can't be searched. gRPC's codings are its own.</summary>
    internal static bool IsUnsearchable(string name, CalloutRequest request) => IsRange(name) || (IsCoding(name) && !request.IsGrpc);

    private static bool IsRange(string name) => name.Equals("Range", StringComparison.OrdinalIgnoreCase) || name.Equals("If-Range", StringComparison.OrdinalIgnoreCase);

    private static bool IsCoding(string name) => name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase);

    private static bool Open(Callout callout, List<ReadOnlyMemory<byte>> values)
    {
        var authentication = callout.Plan.External.Authentication;
        var isComplete = true;
        foreach (var name in callout.Credentials.Names.Where(authentication.IsSecret))
        {
            var secret = callout.Credentials.Open(name);
            isComplete &= secret.IsOk;
            if (secret.IsOk)
            {
                values.Add(secret.Value.RevealUtf8().ToArray());
                AddEscaped(values, secret.Value.Reveal());
            }
        }

        foreach (var (name, value) in callout.Credentials.OpenRetired())
        {
            if (authentication.IsSecret(name))
            {
                values.Add(value.RevealUtf8().ToArray());
            }
        }

        if (HeaderValue(callout) is { } header)
        {
            // With its scheme too: then the header that nearly every callout makes is among what is known.
            values.Add(Encoding.UTF8.GetBytes(header));
            values.Add(Encoding.UTF8.GetBytes(callout.Plan.External.Authentication.AuthorizationMethod + " " + header));
        }

        return isComplete;
    }

    // As fields put it into bodies and URLs: nearly every callout with fields makes one of these.
    private static void AddEscaped(List<ReadOnlyMemory<byte>> values, string value)
    {
        if (value.Length > LongestKeptEscaped || !RedactionSet.IsSearched(Encoding.UTF8.GetBytes(value)))
        {
            return;
        }

        foreach (var escaped in Landings.Select(landing => LandingText.Escape(value, landing)).Where(escaped => escaped != value).Distinct(StringComparer.Ordinal))
        {
            values.Add(Encoding.UTF8.GetBytes(escaped));
        }
    }

    // Also where the header isn't generated: callers make it themselves, by merge fields.
    private static string? HeaderValue(Callout callout)
    {
        var authentication = callout.Plan.External.Authentication;
        var composed = authentication.AuthorizationHeaderValue;
        if (authentication.AuthorizationMethod.Length == 0 || composed.Parts.Count == 0 || composed.Parts.Any(part => part.Kind is not MergeReferenceKind.Credential))
        {
            return null;
        }

        var parts = new List<string>();
        foreach (var part in composed.Parts)
        {
            if (callout.Credentials.Open(part.Name) is not { IsOk: true } value)
            {
                return null;
            }

            parts.Add(value.Value.Reveal());
        }

        return composed.Compose(parts);
    }
}
