using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What references mean at each place of one attempt. All share one token, one clock reading and one nonce; each is made when it is asked for.</summary>
internal sealed class AttemptScopes(Callout callout, RequestFacts facts, string url, CalloutToken token, AttemptPurpose purpose)
{
    /// <summary>What the attempt is made for.</summary>
    public AttemptPurpose Purpose => purpose;

    /// <summary>Whether secrets are masks.</summary>
    public bool IsMasked => purpose is AttemptPurpose.Show;

    /// <summary>An admin's headers and what the protocol applies.</summary>
    public IMergeScope Admin => field ??= For(AdminScope);

    /// <summary>A caller's headers.</summary>
    public IMergeScope CallerHeader => field ??= For(Make(isCallers: true, inHeader: true));

    /// <summary>A caller's body.</summary>
    public IMergeScope CallerBody => field ??= For(Make(isCallers: true, inHeader: false));

    /// <summary>What the protocol puts together itself.</summary>
    public IMergeScope Protocol => field ??= IsMasked ? new MaskedScope(Admin, masksValues: true) : Admin;

    private MergeWork Work => field ??= new();

    // What headers make of the body is made of it, too.
    private void NoteOfBody(ReadOnlySpan<byte> secret)
    {
        facts.IsBodySecret = true;
        callout.Echoes.Add(secret);
    }

    private CredentialScope AdminScope => field ??= Make(isCallers: false, inHeader: true);

    private IMergeScope For(CredentialScope scope) => purpose switch
    {
        AttemptPurpose.Send => scope,
        AttemptPurpose.Judge => new JudgedScope(scope),
        AttemptPurpose.Show => new MaskedScope(scope),
        _ => throw new InvalidOperationException("There is no such purpose."),
    };

    private IReadOnlyList<string> TokenNames(bool inHeader) => callout.Plan.External.Authentication switch
    {
        // What is made of the body can't stand in it.
        { RequestToken: { } own } => own.NamesBody && !inHeader ? [] : own.Names,
        { Tokens: { } kept } => kept.TokenNames,
        _ => [],
    };

    private CredentialScope Make(bool isCallers, bool inHeader) => new(callout.Plan.External, callout.Credentials, facts)
    {
        IsCallers = isCallers,
        User = callout.Admitted.User,
        EndpointUrl = url,
        Body = inHeader && (isCallers || callout.Plan.NeedsBody) ? token.BodyAccess : null,
        Token = token,
        TokenNames = TokenNames(inHeader),
        SecretProduced = isCallers && !inHeader ? NoteOfBody : callout.Echoes.Note,
        Work = isCallers ? Work : null,
    };
}
