using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Signing;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts.Paths;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>
/// Makes the attempts of a callout. In the contract's order: fields that can't be parsed or are unknown, then values that
/// can't stand where they land, then the token; only then is anything sent.
/// </summary>
public sealed class CalloutAttempts(TokenSource tokens, EchoSets echoes, TimeProvider time)
{
    /// <summary>Makes an attempt; <paramref name="body"/> is the whole body where it is held.</summary>
    internal ValueTask<Result<CalloutAttempt>> BuildAsync(Callout callout, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        EchoSources.AddParameters(callout, echoes);
        return PlainAttempt.TryMake(callout, body) is { } plain ? ValueTask.FromResult(plain) : ResolveAsync(callout, body, AttemptPurpose.Send, cancellationToken);
    }

    /// <summary>
    /// Makes an attempt to be looked at: judged by the values themselves, as one that is sent, and then made anew with masks, so that no value
    /// is ever among what is shown. Nothing is fetched or used up.
    /// </summary>
    internal async ValueTask<Result<CalloutAttempt>> PreviewAsync(Callout callout, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        var judged = await ResolveAsync(callout, body, AttemptPurpose.Judge, cancellationToken);
        return judged.IsOk ? await ResolveAsync(callout, body, AttemptPurpose.Show, cancellationToken) : judged;
    }

    private async ValueTask<Result<CalloutAttempt>> ResolveAsync(Callout callout, ReadOnlyMemory<byte>? body, AttemptPurpose purpose, CancellationToken cancellationToken)
    {
        var request = callout.Request;
        var facts = new RequestFacts(request.Id, request.Method, request.Path, request.Query ?? "", time);

        // 1 Where it goes.
        var url = ResolveUrl(callout, facts, isMasked: purpose is AttemptPurpose.Show);
        if (!url.IsOk)
        {
            return url.Error;
        }

        var token = new CalloutToken(callout, tokens, facts, url.Value)
        {
            ShownUrl = request.Trace is null || !callout.Plan.Named.Url.HasFields ? null : ResolveUrl(callout, facts, isMasked: true).Value ?? "(not shown)",
        };
        var scopes = new AttemptScopes(callout, facts, url.Value, token, purpose);
        var target = callout.Plan.Target(url.Value, request.Path, request.Query);
        facts.Target = target;

        // 2 The body's fields, then the headers': found out before anything is fetched.
        var merged = AttemptBody.Parse(callout, body);
        if (!merged.IsOk)
        {
            return merged.Error;
        }

        var headers = AttemptHeaders.Parse(callout);
        if ((merged.Value.Check(scopes) ?? headers.Error ?? headers.Value!.Check(scopes)) is { } unknown)
        {
            return unknown;
        }

        // 3 What needs no token is tried before one is fetched.
        if (callout.Plan.External.Authentication.Tokens is not null
            && (merged.Value.TryWithoutToken(scopes) ?? headers.Value!.TryWithoutToken(scopes)) is { } illegal)
        {
            return illegal;
        }

        scopes.CallerHeader.Work?.Forget();

        // 4 The token.
        if ((await merged.Value.PrepareAsync(scopes, cancellationToken) ?? await headers.Value!.PrepareAsync(scopes, cancellationToken)) is { } fault)
        {
            return fault;
        }

        // 5 The body, then the headers, which may be computed from it.
        var outgoing = merged.Value.Resolve(scopes);
        if (!outgoing.IsOk)
        {
            return outgoing.Error;
        }

        if (purpose is AttemptPurpose.Send && callout.Plan.Signing is { NeedsToken: true } && await token.EnsureAsync(cancellationToken) is { } noToken)
        {
            return noToken;
        }

        var needsWhole = callout.NeedsBody || callout.SignatureNeed is BodyNeed.Whole;
        if (needsWhole && callout.Body.Exists && outgoing.Value.Whole is null)
        {
            return new VaultError(ErrorCodes.BodyTooLarge, "The body is larger than the 1 MiB that can be held for $Credential.Body or a signature.");
        }

        // What is made of a body with masks in it, such as its hash, is a mask itself.
        facts.IsBodySecret |= scopes.IsMasked && merged.Value.IsHidden;
        token.Body = outgoing.Value.Whole ?? ReadOnlyMemory<byte>.Empty;
        if (token.MakeOfBody() is { } unmade)
        {
            return unmade;
        }

        var resolved = headers.Value!.Resolve(scopes);
        if (!resolved.IsOk)
        {
            // What comes first in the contract's order may stand behind it.
            return resolved.Error.Code == ErrorCodes.MergeFieldInvalid ? resolved.Error : headers.Value!.TryWithoutToken(scopes) ?? resolved.Error;
        }

        var uri = resolved.Value.Query.Count == 0 ? target : UpstreamUrl.Join(url.Value, request.Path, request.Query, resolved.Value.Query);
        if (purpose is AttemptPurpose.Show)
        {
            // What is searched for decides what upstream is asked.
            EchoSources.AddParameters(callout, echoes);
        }

        // What is signed in a preview is what is shown: of the values themselves nothing is made that could be seen.
        var signed = purpose is AttemptPurpose.Judge
            ? (resolved.Value.Headers, null)
            : AttemptSignature.Sign(callout, uri, facts, resolved.Value.Headers, outgoing.Value, token, time, scopes.IsMasked);
        if (!signed.IsOk)
        {
            return signed.Error;
        }

        if (purpose is not AttemptPurpose.Send)
        {
            return new CalloutAttempt { Uri = uri, Headers = EchoSources.AskForPlain(callout, signed.Value.Headers, outgoing.Value.Transform), Body = outgoing.Value.Whole, Transform = outgoing.Value.Transform };
        }

        await EchoSources.AddTokensAsync(callout, token, tokens, cancellationToken);
        if (callout.Echoes.IsFull)
        {
            return EchoSearch.TooMany;
        }

        return new CalloutAttempt
        {
            Uri = uri,
            Headers = EchoSources.AskForPlain(callout, signed.Value.Headers, outgoing.Value.Transform),
            Signed = signed.Value.Request,
            Body = outgoing.Value.Whole,
            Transform = outgoing.Value.Transform,
            Token = token.Shared,
            TokenRequest = token.Shared is null ? null : token.Request,
        };
    }

    /// <summary>The token was taken: it may be renewed at once when it dies.</summary>
    internal void NoteWorked(CalloutAttempt attempt) => tokens.NoteWorked(attempt.TokenRequest!, attempt.Token!);

    /// <summary>The token is dead; false where a fresh one would be no better.</summary>
    internal ValueTask<bool> GiveUpAsync(CalloutAttempt attempt, CancellationToken cancellationToken) =>
        tokens.GiveUpAsync(attempt.TokenRequest!, attempt.Token!, cancellationToken);

    private static Result<string> ResolveUrl(Callout callout, RequestFacts facts, bool isMasked)
    {
        var template = callout.Plan.Named.Url;
        if (!template.HasFields)
        {
            return template.Text;
        }

        var scope = new CredentialScope(callout.Plan.External, callout.Credentials, facts)
        {
            User = callout.Admitted.User,
            SecretProduced = secret =>
            {
                facts.IsUrlSecret = true;
                callout.Echoes.Add(secret);
            },
        };
        if (template.Check(scope) is { } unknown)
        {
            return unknown;
        }

        var url = template.Resolve(isMasked ? new MaskedScope(scope) : scope, MergeEscaping.Percent);
        if (!url.IsOk || isMasked)
        {
            return url.IsOk ? url.Value.Text : url.Error;
        }

        // RAW leaves a value as it is, and the URL is sent byte for byte: only what may stand in a request target may be in it.
        if (!WireText.IsTarget(url.Value.Text) || url.Value.Text.Contains('#', StringComparison.Ordinal))
        {
            return new VaultError(ErrorCodes.MergeFieldInvalid, $"A value in the url of the named credential {callout.Plan.Named.Name} has a character that can't stand in a URL.");
        }

        // A value is percent-encoded, but dots stay dots: it must not lead out of the path that the admin wrote.
        return PathConfinement.Check(RequestTarget.PathOf(UpstreamUrl.Join(url.Value.Text, "", null, [])), isAdmins: true) is null
            ? url.Value.Text
            : new VaultError(ErrorCodes.MergeFieldInvalid, $"A value in the url of the named credential {callout.Plan.Named.Name} would change its path.");
    }
}
