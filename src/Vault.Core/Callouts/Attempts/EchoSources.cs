using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts.Bodies;
using Vault.Core.MergeFields;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What the answer of an attempt is searched for, and what upstream is asked so that it can be searched.</summary>
internal static class EchoSources
{
    private static readonly string[] Unsearchable = ["Accept-Encoding", "Range", "If-Range"];

    /// <summary>Secret parameters, tokens, both as they were in the last 24 hours, and the derived <c>Basic</c> value; contract section 5.</summary>
    public static void Collect(Callout callout, CalloutToken token, TokenSource tokens)
    {
        if (!callout.Plan.Named.RedactResponses)
        {
            return;
        }

        var authentication = callout.Plan.External.Authentication;
        foreach (var name in callout.Credentials.Names)
        {
            if (authentication.IsSecret(name) && callout.Credentials.Open(name) is { IsOk: true } secret)
            {
                callout.Echoes.Add(secret.Value);
            }
        }

        foreach (var (name, value) in callout.Credentials.OpenRetired())
        {
            if (authentication.IsSecret(name))
            {
                callout.Echoes.Add(value);
            }
        }

        if (authentication.Tokens is not null)
        {
            foreach (var value in tokens.Known(token.Request))
            {
                callout.Echoes.Add(value);
            }
        }

        AddBasic(callout);
    }

    /// <summary>The headers that ask for an answer that can be read as it comes.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> AskForPlain(
        Callout callout, IReadOnlyList<KeyValuePair<string, string>> headers, IBodyTransform? transform)
    {
        // A body that is merged while it streams may still make secrets that there were none of before.
        if (!callout.Echoes.IsOn && !(transform is MergedBody && callout.Plan.Named.RedactResponses))
        {
            return headers;
        }

        if (callout.Request.IsGrpc || callout.Request.IsUpgrade)
        {
            return headers;
        }

        return [.. headers.Where(header => !Unsearchable.Contains(header.Key, StringComparer.OrdinalIgnoreCase)), new("Accept-Encoding", "identity")];
    }

    // Also where the header isn't generated: callers make it themselves, by merge fields.
    private static void AddBasic(Callout callout)
    {
        var authentication = callout.Plan.External.Authentication;
        var composed = authentication.AuthorizationHeaderValue;
        if (authentication.AuthorizationMethod != "Basic" || composed.Parts.Any(part => part.Kind is not MergeReferenceKind.Credential))
        {
            return;
        }

        var parts = new List<string>();
        foreach (var part in composed.Parts)
        {
            if (callout.Credentials.Open(part.Name) is not { IsOk: true } value)
            {
                return;
            }

            parts.Add(value.Value.Reveal());
        }

        callout.Echoes.Add(composed.Compose(parts));
    }
}
