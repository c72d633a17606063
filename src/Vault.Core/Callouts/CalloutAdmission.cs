using Vault.Core.Access;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>A callout that may go on: which definitions and which principal it uses.</summary>
/// <param name="Named">Where it goes.</param>
/// <param name="External">How it authenticates.</param>
/// <param name="Principal">Whose secrets it uses.</param>
/// <param name="User">The user of a <c>perUser</c> principal; else empty.</param>
/// <param name="RecordedUser">The user whom the app asserts, or the subject of its token; with a <c>named</c> principal only recorded. Null: none.</param>
public sealed record AdmittedCallout(NamedCredential Named, BoundCredential External, Principal Principal, string User, string? RecordedUser)
{
    /// <summary>Who calls; null: an admin tries it.</summary>
    internal Caller? Caller { get; init; }

    /// <summary>The service's host, with its port where it isn't the scheme's.</summary>
    public string Host => CalloutPlan.For(Named, External).OriginHost;
}

/// <summary>Whose secrets a caller asks for.</summary>
/// <param name="Principal"><c>X-Vault-Principal</c>, or null.</param>
/// <param name="User"><c>X-Vault-User</c>, or null.</param>
/// <param name="IsAmbiguous">Whether one of them stands there more than once.</param>
public readonly record struct CallerWish(string? Principal, string? User, bool IsAmbiguous);

/// <summary>Decides from the definitions in memory whether a caller may use a named credential, and which principal is used.</summary>
public sealed class CalloutAdmission(DefinitionCatalog definitions, AccessCatalog access, IDefinitionReading reading, CredentialBinder binder, CalloutRate rate, TimeProvider time)
{
    private static readonly TimeSpan LongestChange = TimeSpan.FromSeconds(2);

    // One answer for everything that isn't granted: it must not tell which names exist.
    private static readonly VaultError NotGranted =
        new(ErrorCodes.CalloutNotGranted, "There is no such named credential, or it is not granted to this caller.");

    /// <summary>Admits a callout.</summary>
    /// <param name="caller">Who calls; people can't.</param>
    /// <param name="name">The name in the path, as it was sent.</param>
    /// <param name="wish">Whose secrets it asks for.</param>
    /// <param name="counted">The named credential that it was counted for already; null: none.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <returns>The definitions, or <c>callout-not-granted</c>, <c>rate-limited</c>, <c>named-credential-disabled</c>; <c>storage-unavailable</c> where nobody can say yet.</returns>
    public ValueTask<Result<AdmittedCallout>> AdmitAsync(Caller caller, string name, CallerWish wish, Guid? counted, CancellationToken cancellationToken)
    {
        if (caller.AppId is not { } app || !DeveloperName.TryParse(name, out var parsed))
        {
            return ValueTask.FromResult<Result<AdmittedCallout>>(NotGranted);
        }

        // What isn't there doesn't exist only if all was there before it was looked for, and still is.
        var (exposures, wasWhole) = (reading.Exposures, reading.IsWhole);
        var found = Find(app, parsed);
        return found is not null || (wasWhole && reading.Exposures == exposures)
            ? ValueTask.FromResult(Admit(caller, app, found, wish, counted))
            : BringAndAdmitAsync(caller, app, parsed, wish, counted, cancellationToken);
    }

    /// <summary>Whether what a callout was admitted by is known to be gone: the grant, the principal, or the named credential, which may be disabled too.</summary>
    /// <param name="app">Whose callout.</param>
    /// <param name="admitted">As it was admitted.</param>
    public bool IsWithdrawn(Guid app, AdmittedCallout admitted)
    {
        var (exposures, wasWhole) = (reading.Exposures, reading.IsWhole);
        var stands = Find(app, admitted.Named.Name) is { Named.Enabled: true } granted
            && granted.Named.Id == admitted.Named.Id
            && granted.External.Principals.Any(principal => principal.Id == admitted.Principal.Id && IsGranted(granted.Grant, principal));
        return !stands && wasWhole && reading.Exposures == exposures;
    }

    /// <summary>Waits, for two seconds at most, until another version of the external credential is in force than the one that a callout was admitted by.</summary>
    /// <param name="admitted">As it was admitted.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public Task OvertakenAsync(AdmittedCallout admitted, CancellationToken cancellationToken) => definitions.WaitForChangeAsync(
        snapshot => snapshot.ExternalCredentials.TryGetValue(admitted.External.Definition.Id, out var current) && current.Version == admitted.External.Definition.Version,
        LongestChange, time, cancellationToken);

    private async ValueTask<Result<AdmittedCallout>> BringAndAdmitAsync(Caller caller, Guid app, DeveloperName name, CallerWish wish, Guid? counted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var exposures = reading.Exposures;
            if (await reading.BringAsync(name, app, cancellationToken) is { } unknown)
            {
                return unknown;
            }

            // What was brought may have gone with the tables that it was brought into.
            var found = Find(app, name);
            if (found is not null || reading.Exposures == exposures)
            {
                return Admit(caller, app, found, wish, counted);
            }
        }
    }

    private Granted? Find(Guid app, DeveloperName name)
    {
        var snapshot = definitions.Current;
        return snapshot.NamedCredentials.TryGetValue(name.Value, out var named)
            && access.Current.Grants.TryGetValue((app, named.Id), out var grant)
            && snapshot.ExternalCredentials.TryGetValue(named.ExternalCredentialId, out var external)
                ? new Granted(named, external, grant)
                : null;
    }

    private Result<AdmittedCallout> Admit(Caller caller, Guid app, Granted? found, CallerWish wish, Guid? counted)
    {
        if (found is not { } granted)
        {
            return NotGranted;
        }

        var (named, external, grant) = granted;

        // Only what is granted is counted: a refusal tells nobody which names exist.
        if (counted != named.Id && named.RateLimit is { } limit && rate.Take(app, named.Id, limit) is { } wait)
        {
            return new VaultError(ErrorCodes.RateLimited, $"The app calls {named.Name} more often than {limit.Permits} times in {limit.PerSeconds} s.") { RetryAfter = wait };
        }

        if (wish.IsAmbiguous)
        {
            return new VaultError(ErrorCodes.CalloutNotGranted, "X-Vault-Principal and X-Vault-User may stand only once.");
        }

        // A header without a value names nobody; it is not told apart from one that is left out, where there is nobody else that it could stand for.
        var user = wish.User is { Length: 0 } && caller.User is null ? null : wish.User;
        if (wish.User is not null && !((user is null || UserName.IsLegal(user)) && access.Current.Apps.TryGetValue(app, out var asserting) && asserting.MayAssertUser))
        {
            return NotGranted;
        }

        // The subject of a token was verified; whom else an app names is believed only where it may assert users.
        user ??= caller.User;

        Principal? chosen = null;
        for (var i = 0; i < external.Principals.Count; i++)
        {
            var candidate = external.Principals[i];
            if (IsGranted(grant, candidate)
                && (wish.Principal is null || candidate.Name.Value.Equals(wish.Principal, StringComparison.OrdinalIgnoreCase))
                && (chosen is null || candidate.Sequence < chosen.Sequence))
            {
                chosen = candidate;
            }
        }

        if (chosen is null)
        {
            return NotGranted;
        }

        if (!named.Enabled)
        {
            return new VaultError(ErrorCodes.NamedCredentialDisabled, $"The named credential {named.Name} is disabled.");
        }

        var bound = binder.Bind(external);
        return bound.IsOk
            ? new AdmittedCallout(named, bound.Value, chosen, chosen.Type is PrincipalType.PerUser ? user ?? "" : "", user) { Caller = caller }
            : bound.Error;
    }

    private readonly record struct Granted(NamedCredential Named, ExternalCredential External, Grant Grant);

    private static bool IsGranted(Grant grant, Principal principal) =>
        grant.Principals is ["*"] || grant.Principals.Contains(principal.Name.Value, StringComparer.OrdinalIgnoreCase);
}
