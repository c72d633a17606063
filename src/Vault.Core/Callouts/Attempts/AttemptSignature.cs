using Vault.Core.Authentication;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Signing;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The authorization that is computed over the whole request, last of all.</summary>
internal static class AttemptSignature
{
    /// <summary>The headers with the signature's among them, and what was signed; as they were, and null, where nothing is. In a preview nothing is used up, and secrets are masks.</summary>
    public static Result<(IReadOnlyList<KeyValuePair<string, string>> Headers, RequestToSign? Request)> Sign(
        Callout callout, Uri uri, RequestFacts facts, IReadOnlyList<KeyValuePair<string, string>> headers, AttemptBody.Outgoing body, CalloutToken token, TimeProvider time,
        bool isPreview) =>
        callout.Plan.Signing is { } signing ? Sign(signing, callout, uri, facts, headers, body, token, time, isPreview) : (headers, (RequestToSign?)null);

    private static Result<(IReadOnlyList<KeyValuePair<string, string>> Headers, RequestToSign? Request)> Sign(
        IRequestSigning signing, Callout callout, Uri uri, RequestFacts facts, IReadOnlyList<KeyValuePair<string, string>> headers, AttemptBody.Outgoing body, CalloutToken token,
        TimeProvider time, bool isPreview)
    {
        // The caller's own signature has no place where the protocol makes one, also before there is a challenge to answer.
        var custom = callout.Plan.CustomHeaderNames;
        var names = signing.SignatureHeaders;
        var kept = headers.Where(header => custom.Contains(header.Key) || !IsAmong(names, header.Key)).ToArray();
        var target = uri.OriginalString;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var request = new RequestToSign
        {
            Method = callout.Request.Method,
            Uri = uri,
            Host = facts.Host ?? uri.Authority,
            Path = RequestTarget.PathOf(uri),
            Query = question < 0 ? "" : target[(question + 1)..],
            Headers = kept,
            Body = body.Whole ?? (body.Transform is null ? ReadOnlyMemory<byte>.Empty : (ReadOnlyMemory<byte>?)null),
            Now = time.GetUtcNow(),
            Nonce = facts.Nonce,
            Account = $"{callout.Admitted.Principal.Id:N}\n{callout.Admitted.User}\n{callout.Credentials.Stamp}",
            Parameters = callout.Credentials,
            Token = token.Current,
            CustomNames = custom,
            Challenge = callout.Challenge,
            IsBodySecret = facts.IsBodySecret,
            IsPreview = isPreview,
            NoteSecret = text => callout.Echoes.Add(text),
        };
        var signed = signing.Sign(request);
        if (!signed.IsOk)
        {
            return signed.Error;
        }

        // An admin's own header of a name wins over the protocol's, here too.
        var ours = signed.Value.Headers.Where(header => !custom.Contains(header.Name)).ToArray();
        if (Array.Find(ours, header => header.IsBytes ? !WireText.IsValue(header.Value) : !HeaderText.IsLegal(header.Value)) is { } illegal)
        {
            return new VaultError(ErrorCodes.SecretNotAHeaderValue, $"A value for the header {illegal.Name} has a control character, or white space at its ends; it can't stand in a header.");
        }

        if (isPreview)
        {
            ours = [.. ours.Select(header => AttemptPreview.Show(callout, header))];
        }

        foreach (var secret in ours.Where(header => header.IsSecret))
        {
            callout.Echoes.Add(System.Text.Encoding.Latin1.GetBytes(Encode(secret)));
        }

        KeyValuePair<string, string>[] all =
        [
            .. kept.Where(header => !Array.Exists(ours, own => IsSame(own.Name, header.Key))),
            .. ours.Select(header => new KeyValuePair<string, string>(header.Name, Encode(header))),
        ];
        return (all, request with { Headers = all });
    }

    private static bool IsAmong(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (IsSame(names[i], name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(string one, string other) => WireText.Canonical(one).Equals(WireText.Canonical(other), StringComparison.OrdinalIgnoreCase);

    private static string Encode(InjectedValue header) => header.IsBytes ? header.Value : HeaderText.Encode(header.Value);
}
