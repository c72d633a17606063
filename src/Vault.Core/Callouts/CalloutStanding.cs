using Vault.Core.Access;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>
/// Judges a callout once more that had to wait: for its body, for a token, for the first answer. What was changed meanwhile is in force (contract section 9), so that
/// a key that was revoked, a grant that was withdrawn or secrets that were removed are used no more.
/// </summary>
public sealed class CalloutStanding(AccessCatalog access, DefinitionCatalog definitions, CalloutAdmission admission, CredentialSets credentials, TimeProvider time)
{
    private const int MostTries = 5;

    /// <summary>What the callout goes by was changed while it waited. Nothing was sent: it is to be judged anew, by what it is now.</summary>
    public static VaultError Changed { get; } =
        new(ErrorCodes.StorageUnavailable, "What the callout uses was changed while it waited. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>Null: all stands. Else <see cref="Changed"/>, or, of a callout that was sent, why it wouldn't be let in now.</summary>
    /// <param name="callout">The callout.</param>
    /// <param name="wasSent">It was sent, and may be sent once more: where its secrets go is as it was, and so are they. Else everything is.</param>
    internal ValueTask<VaultError?> JudgeAsync(Callout callout, bool wasSent) =>
        JudgeAsync(callout.Request, callout.Admitted, callout.Credentials, wasSent, callout.Cancellation);

    /// <summary>The same of one that is only being made ready.</summary>
    internal async ValueTask<VaultError?> JudgeAsync(CalloutRequest request, AdmittedCallout admitted, CredentialSet secrets, bool wasSent, CancellationToken cancellationToken)
    {
        if (admitted.Caller is not { } caller)
        {
            return null;
        }

        // To judge may take its time, too.
        for (var tries = 1; ; tries++)
        {
            var judging = JudgeOnceAsync(request, admitted, caller, secrets, wasSent, cancellationToken);
            var waited = !judging.IsCompleted;
            var fallen = await judging;
            if (fallen is null && waited && tries < MostTries)
            {
                continue;
            }

            // Retry-After would say that nothing was sent.
            return fallen is null ? null : wasSent ? fallen with { RetryAfter = null } : Changed;
        }
    }

    private async ValueTask<VaultError?> JudgeOnceAsync(
        CalloutRequest request, AdmittedCallout before, Caller caller, CredentialSet secrets, bool wasSent, CancellationToken cancellationToken)
    {
        if (!access.Current.IsInForce(caller, time.GetUtcNow()))
        {
            return CallerResolver.Unauthenticated;
        }

        if (definitions.Current.NamedCredentials.TryGetValue(before.Named.Name.Value, out var named) && named.Id != before.Named.Id)
        {
            return Changed;
        }

        // The same principal and user as it has; the subject of a token needs no header.
        var wish = new CallerWish(before.Principal.Name.Value, before.RecordedUser == caller.User ? null : before.RecordedUser, IsAmbiguous: false);
        var admitted = await admission.AdmitAsync(caller, before.Named.Name.Value, wish, before.Named.Id, cancellationToken);
        if (!admitted.IsOk)
        {
            return admitted.Error;
        }

        var now = admitted.Value;
        if (CalloutRules.Judge(request, now) is { } refused)
        {
            return refused;
        }

        var isSame = wasSent
            ? now.Named.Url.Text == before.Named.Url.Text && now.External.Binding.AsSpan().SequenceEqual(before.External.Binding)
            : ReferenceEquals(now.Named, before.Named) && ReferenceEquals(now.External.Definition, before.External.Definition);
        if (!isSame || now.Principal.Id != before.Principal.Id || now.User != before.User)
        {
            return Changed;
        }

        var current = await credentials.GetAsync(now.External, now.Principal.Id, now.User, cancellationToken);
        return !current.IsOvertaken && current.Stamp == secrets.Stamp ? null
            : CalloutPlan.For(now.Named, now.External).FindMissing(current) ?? Changed;
    }
}
