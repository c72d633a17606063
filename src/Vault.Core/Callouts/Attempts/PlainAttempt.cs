using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>
/// The attempt of a callout for which nothing is made but an authorization that a callout before it made, too: most are so, and of the parts of
/// <see cref="CalloutAttempts"/> they need none. What goes out is what would go out by those.
/// </summary>
internal static class PlainAttempt
{
    /// <summary>The attempt, or why there can be none; null where it takes more than this.</summary>
    public static Result<CalloutAttempt>? TryMake(Callout callout, ReadOnlyMemory<byte>? body)
    {
        var (plan, request) = (callout.Plan, callout.Request);
        if (!plan.IsPlain || callout.Credentials.HasFailures || callout.Echoes.Header is not { } header)
        {
            return null;
        }

        var outgoing = AttemptBody.AsItIs(callout, body);
        if (!outgoing.IsOk)
        {
            return outgoing.Error;
        }

        var isSearched = callout.Echoes.IsOn;
        var headers = new List<KeyValuePair<string, string>>(request.Headers.Count + 2) { new(header.Name, header.Value) };
        for (var i = 0; i < request.Headers.Count; i++)
        {
            var theirs = request.Headers[i];
            if (!WireText.Canonical(theirs.Key).Equals(WireText.Canonical(header.Name), StringComparison.OrdinalIgnoreCase)
                && !(isSearched && EchoSources.IsUnsearchable(theirs.Key, request)))
            {
                headers.Add(theirs);
            }
        }

        if (isSearched && !request.IsGrpc)
        {
            headers.Add(EchoSources.Plain);
        }

        return new CalloutAttempt
        {
            Uri = plan.Target(plan.Named.Url.Text, request.Path, request.Query),
            Headers = headers,
            Body = outgoing.Value.Whole,
            Transform = outgoing.Value.Transform,
        };
    }
}
