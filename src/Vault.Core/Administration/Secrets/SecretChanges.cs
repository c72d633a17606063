using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Secrets;

/// <summary>Writes sealed parameters as part of a change.</summary>
internal sealed class SecretChanges(SecretSealer sealer)
{
    /// <summary>Whether any parameter of the external credential has a value.</summary>
    public static Task<bool> AnyAsync(Draft draft, Guid externalCredentialId) =>
        draft.Database.Secrets.AnyAsync(row => row.ExternalCredentialId == externalCredentialId && row.RetiredAt == null);

    /// <summary>Whether all that is set is a principal's own, no user's, and is called one of these.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="externalCredentialId">Whose.</param>
    /// <param name="names">Of parameters, without regard to case; null: any.</param>
    public static async Task<bool> AreAllAsync(Draft draft, Guid externalCredentialId, IReadOnlySet<string>? names)
    {
        var set = await draft.Database.Secrets.Where(row => row.ExternalCredentialId == externalCredentialId && row.RetiredAt == null)
            .Select(row => new { row.User, row.Name }).ToListAsync();
        return set.TrueForAll(row => row.User.Length == 0 && names?.Contains(row.Name) is not false);
    }

    /// <summary>Sets parameters; a null value removes one. What is replaced is kept for 24 hours, so that echoes of it are redacted.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="credential">The external credential, as it will be.</param>
    /// <param name="principalId">The principal.</param>
    /// <param name="user">The user; empty: the principal itself.</param>
    /// <param name="parameters">Names and values.</param>
    /// <param name="isWhole">Whether parameters that aren't named go.</param>
    /// <param name="isNew">Whether this change makes the principal: then nothing can be there yet.</param>
    public async Task SetAsync(
        Draft draft, BoundCredential credential, Guid principalId, string user, IReadOnlyList<KeyValuePair<string, string?>> parameters, bool isWhole, bool isNew = false)
    {
        var rows = isNew ? [] : await draft.Database.Secrets
            .Where(row => row.PrincipalId == principalId && row.User == user)
            .ToListAsync();
        var consentedWith = isNew ? [] : ConsentedWith(credential, rows, parameters, isWhole);
        var keepsTokens = consentedWith is not null;
        if (!keepsTokens)
        {
            // The tokens are locked before the secrets are touched.
            await NoteEndedAsync(draft, credential.Definition.Id, principalId, user.Length == 0 ? null : user);
            await CloseConsentsAsync(draft, credential.Definition.Id, principalId, user.Length == 0 ? null : user);
        }

        var named = parameters.Select(parameter => parameter.Key.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.RetiredAt is null && (isWhole || named.Contains(row.NameKey)) && consentedWith?.Contains(row) is not true))
        {
            row.RetiredAt = draft.Now;
        }

        foreach (var (name, value) in parameters)
        {
            if (value is null)
            {
                continue;
            }

            var key = name.ToLowerInvariant();
            if (consentedWith?.Find(kept => kept.NameKey == key) is { } same)
            {
                // Consents are kept under this very row.
                (same.Name, same.UpdatedAt) = (name, draft.Now);
                continue;
            }

            var row = new SecretRow
            {
                Id = Guid.NewGuid(),
                ExternalCredentialId = credential.Definition.Id,
                PrincipalId = principalId,
                User = user,
                Name = name,
                NameKey = key,
                Version = rows.Where(old => old.NameKey == key).Select(old => old.Version).DefaultIfEmpty().Max() + 1,
                UpdatedAt = draft.Now,
            };
            using var secret = new SecretText(value);
            row.Sealed = sealer.Seal(Place(row, credential.Binding), secret.RevealUtf8());
            draft.Database.Secrets.Add(row);
        }

        if (!keepsTokens)
        {
            // The secrets first: who saves an account's first token holds on to those that it was got with.
            await draft.Database.SaveChangesAsync();
            await RetireTokensAsync(draft, principalId, user);
        }

        draft.Evicted.Add(credential.Definition.Id);
    }

    // The rows that were sent anew and are to stay, since what people consented to is theirs as long as those values are what they were; null: one is another, or
    // what the protocol gets needs nobody's consent.
    private List<SecretRow>? ConsentedWith(BoundCredential credential, List<SecretRow> rows, IReadOnlyList<KeyValuePair<string, string?>> parameters, bool isWhole)
    {
        if (credential.Authentication.Tokens?.ConsentParameters is not { } consent)
        {
            return null;
        }

        var same = new List<SecretRow>();
        foreach (var name in consent)
        {
            var row = rows.Find(candidate => candidate.RetiredAt is null && candidate.NameKey.Equals(name, StringComparison.OrdinalIgnoreCase));
            var (key, value) = parameters.FirstOrDefault(parameter => parameter.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (key is null && !isWhole)
            {
                continue;
            }

            if (row is null ? value is not null : value is null || !IsSame(value, row, credential))
            {
                return null;
            }

            if (row is not null)
            {
                same.Add(row);
            }
        }

        return same;
    }

    // What can't be opened is another.
    private bool IsSame(string value, SecretRow row, BoundCredential credential)
    {
        var opened = sealer.Open(Place(row, credential.Binding), row.Sealed);
        using var current = opened.IsOk ? opened.Value : null;
        return current is not null && IsSame(value, current);
    }

    /// <summary>Whether a text is this secret: by hashes, so that neither content nor length shows in the time it takes.</summary>
    internal static bool IsSame(string value, SecretText secret)
    {
        var utf8 = Encoding.UTF8.GetBytes(value);
        var isSame = CryptographicOperations.FixedTimeEquals(SHA256.HashData(secret.RevealUtf8()), SHA256.HashData(utf8));
        CryptographicOperations.ZeroMemory(utf8);
        return isSame;
    }

    /// <summary>Notes that a change sets a principal's secrets, or removes them, though it is about something else.</summary>
    public static void Note(Draft draft, ExternalCredential credential, Principal principal, string action) =>
        draft.Besides.Add(new WrittenPart(action, $"{credential.Name}/{principal.Name}", principal.Name.Value));

    /// <summary>Destroys what a change leaves no place for, as <see cref="ShredAsync"/> does, and notes whose secrets those were.</summary>
    public static async Task DiscardAsync(Draft draft, ExternalCredential credential, Guid? principalId = null)
    {
        var set = await draft.Database.Secrets
            .Where(row => row.ExternalCredentialId == credential.Id && (principalId == null || row.PrincipalId == principalId) && row.RetiredAt == null)
            .Select(row => row.PrincipalId).Distinct().ToListAsync();
        foreach (var principal in credential.Principals.Where(principal => set.Contains(principal.Id)))
        {
            Note(draft, credential, principal, "credential.deleted");
        }

        await ShredAsync(draft, credential.Id, principalId);
    }

    /// <summary>Destroys the secrets and tokens of an external credential, of one principal or of one user, at once: nothing is kept.</summary>
    public static async Task ShredAsync(Draft draft, Guid externalCredentialId, Guid? principalId = null, string? user = null)
    {
        // What all users share goes with the tokens of all of them.
        var tokensOf = user is { Length: 0 } ? null : user;
        await NoteEndedAsync(draft, externalCredentialId, principalId, tokensOf);
        await CloseConsentsAsync(draft, externalCredentialId, principalId, tokensOf);
        await draft.Database.Secrets
            .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId) && (user == null || row.User == user))
            .ExecuteDeleteAsync();
        await draft.Database.Tokens
            .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId) && (tokensOf == null || row.User == tokensOf))
            .ExecuteDeleteAsync();
        draft.Evicted.Add(externalCredentialId);
    }

    /// <summary>Takes the tokens out of use that are a named credential's own, since they were got by its <c>url</c> as it was.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="named">The named credential, as it was.</param>
    public static async Task EndOwnTokensAsync(Draft draft, NamedCredential named)
    {
        await NoteEndedAsync(draft, named.ExternalCredentialId, principalId: null, user: null, named.Id);
        DateTimeOffset? now = draft.Now;
        await draft.Database.Tokens
            .Where(row => row.ExternalCredentialId == named.ExternalCredentialId && row.NamedCredentialId == named.Id && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, now));

        // A sign-in that is under way, here or in another replica, must not leave one behind.
        draft.Evicted.Add(named.ExternalCredentialId);
    }

    // A consent that was asked for before is no consent to what comes after.
    private static Task<int> CloseConsentsAsync(Draft draft, Guid externalCredentialId, Guid? principalId, string? user) => draft.Database.AuthorizationRequests
        .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId) && (user == null || row.User == user))
        .ExecuteDeleteAsync();

    private static async Task NoteEndedAsync(Draft draft, Guid externalCredentialId, Guid? principalId, string? user, Guid? namedCredentialId = null)
    {
        var inUse = draft.Database.Tokens
            .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId)
                && (user == null || row.User == user) && (namedCredentialId == null || row.NamedCredentialId == namedCredentialId) && row.RetiredAt == null);
        await TokenStore.LockAsync(inUse, CancellationToken.None);
        var tokens = await inUse.AsNoTracking().ToListAsync();
        if (tokens.Count > 0 && draft.Definitions.ExternalCredentials.TryGetValue(externalCredentialId, out var credential))
        {
            var secrets = await draft.Database.Secrets.AsNoTracking()
                .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId)
                    && (user == null || row.User == user || row.User == "") && row.RetiredAt == null)
                .ToListAsync();
            draft.Ended.Add(new EndedTokens(credential, secrets, tokens, draft.Before));
        }
    }

    private static Task<int> RetireTokensAsync(Draft draft, Guid principalId, string user)
    {
        DateTimeOffset? now = draft.Now;
        return draft.Database.Tokens
            .Where(row => row.PrincipalId == principalId && (user == "" || row.User == user) && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, now));
    }

    internal static SealPlace Place(SecretRow row, byte[] binding) =>
        new("parameter", row.Id, row.ExternalCredentialId, row.PrincipalId, row.User, row.NameKey, row.Version, binding);
}
