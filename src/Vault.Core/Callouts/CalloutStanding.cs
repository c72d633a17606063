using Vault.Core.Access;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>
/// Judges a callout once more that had to wait: for its body, for a token, for the first answer. What was changed meanwhile is in force (contract section 9), so that
/// a key that was revoked, a grant that was withdrawn or secrets that were removed are used no more.
/// </summary>
public sealed class CalloutStanding(AccessCatalog access, CalloutAdmission admission, CredentialSets credentials, TimeProvider time)
{
    /// <summary>What the callout goes by was changed while it waited. Nothing was sent: it is to be judged anew, by what it is now.</summary>
    public static VaultError Changed { get; } =
        new(ErrorCodes.StorageUnavailable, "What the callout uses was changed while it waited. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>Null: all stands. Else why it wouldn't be let in now, or <see cref="Changed"/>.</summary>
    /// <param name="callout">The callout.</param>
    /// <param name="wasSent">It was sent, and may be sent once more: where its secrets go is as it was, and so are they. Else everything is.</param>
    internal async ValueTask<VaultError?> JudgeAsync(Callout callout, bool wasSent)
    {
        var before = callout.Admitted;
        if (before.Caller is not { } caller)
        {
            return null;
        }

        if (!access.Current.IsInForce(caller, time.GetUtcNow()))
        {
            return CallerResolver.Unauthenticated;
        }

        // The same principal and user as it has; the subject of a token needs no header.
        var wish = new CallerWish(before.Principal.Name.Value, before.RecordedUser == caller.User ? null : before.RecordedUser, IsAmbiguous: false);
        var admitted = await admission.AdmitAsync(caller, before.Named.Name.Value, wish, before.Named.Id, callout.Cancellation);
        if (!admitted.IsOk)
        {
            return admitted.Error;
        }

        var now = admitted.Value;
        if (CalloutRules.Judge(callout.Request, now) is { } refused)
        {
            return refused;
        }

        var isSame = wasSent
            ? now.Named.Id == before.Named.Id && now.Named.Url.Text == before.Named.Url.Text && now.External.Binding.AsSpan().SequenceEqual(before.External.Binding)
            : ReferenceEquals(now.Named, before.Named) && ReferenceEquals(now.External.Definition, before.External.Definition);
        if (isSame && now.Principal.Id == before.Principal.Id && now.User == before.User)
        {
            var secrets = await credentials.GetAsync(now.External, now.Principal.Id, now.User, callout.Cancellation);
            if (!secrets.IsOvertaken && secrets.Stamp == callout.Credentials.Stamp)
            {
                return null;
            }
        }

        return wasSent ? Changed with { RetryAfter = null } : Changed;
    }
}
