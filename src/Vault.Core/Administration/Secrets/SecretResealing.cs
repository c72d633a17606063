using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Consents;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Secrets;

/// <summary>Seals what an external credential has to what it is bound to after a change of it: where it may go, and by which protocol.</summary>
internal sealed class SecretResealing(SecretSealer sealer)
{
    /// <summary>Seals everything anew; tokens go out of use, since they were got under the old binding, save what a person consented to.</summary>
    public async Task<VaultError?> RunAsync(Draft draft, BoundCredential before, BoundCredential after)
    {
        draft.Evicted.Add(after.Definition.Id);
        if (before.Binding.AsSpan().SequenceEqual(after.Binding))
        {
            return null;
        }

        // What this same change makes has no tokens and no consents yet.
        var count = 0;
        if (draft.Before.ExternalCredentials.TryGetValue(after.Definition.Id, out _))
        {
            count = await ResealTokensAsync(draft, before, after);
            await ResealConsentsAsync(draft, before, after);
        }

        var secrets = await draft.Database.Secrets.Where(row => row.ExternalCredentialId == after.Definition.Id).ToListAsync();
        foreach (var row in secrets)
        {
            var opened = sealer.Open(SecretChanges.Place(row, before.Binding), row.Sealed);
            if (!opened.IsOk)
            {
                return opened.Error;
            }

            using var secret = opened.Value;
            row.Sealed = sealer.Seal(SecretChanges.Place(row, after.Binding), secret.RevealUtf8());
        }

        if (count + secrets.Count > 0)
        {
            // What reads them in this same change reads rows. Of thousands that it makes, each look for changes would go through all.
            await draft.Database.SaveChangesAsync();
        }

        return null;
    }

    /// <returns>How many there are.</returns>
    private async Task<int> ResealTokensAsync(Draft draft, BoundCredential before, BoundCredential after)
    {
        // What a person consented to stays theirs until it ends, with or without what renews it. Every other token can be got again, and is only searched for in answers from now on.
        DateTimeOffset? now = draft.Now;
        var keepsConsent = after.Authentication.Tokens?.ConsentParameters is not null && before.Authentication.Tokens?.ConsentParameters is not null;
        await TokenStore.LockAsync(draft.Database.Tokens.Where(row => row.ExternalCredentialId == after.Definition.Id), CancellationToken.None);

        // A first token has nothing before it that could be locked: who saves one judges the secrets, then the version, and waits here, or was first and is found.
        await draft.Database.Secrets.Where(row => row.ExternalCredentialId == after.Definition.Id)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.Version, row => row.Version));
        await draft.Database.ExternalCredentials.Where(row => row.Id == after.Definition.Id)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.Version, row => row.Version));
        await draft.Database.Tokens
            .Where(row => row.ExternalCredentialId == after.Definition.Id
                && row.RetiredAt == null && !(keepsConsent && (row.IsRenewable || row.ExpiresAt == null || row.ExpiresAt > now)))
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, now));
        var tokens = await draft.Database.Tokens.Where(row => row.ExternalCredentialId == after.Definition.Id).ToListAsync();
        foreach (var row in tokens)
        {
            if (TokenSealing.Reseal(sealer, TokenEnding.ToStored(row), before.Binding, after.Binding) is { } resealed)
            {
                row.Sealed = resealed;
            }
            else
            {
                draft.Database.Tokens.Remove(row);
            }
        }

        return tokens.Count;
    }

    // By statements: whoever comes back in this moment takes the row away, and isn't held up. What isn't sealed waits elsewhere, or was taken already.
    private async Task ResealConsentsAsync(Draft draft, BoundCredential before, BoundCredential after)
    {
        foreach (var row in await draft.Database.AuthorizationRequests.AsNoTracking().Where(row => row.ExternalCredentialId == after.Definition.Id).ToListAsync())
        {
            var opened = sealer.Open(ConsentAdministration.Place(row, before.Binding), row.Sealed);
            if (opened.IsOk)
            {
                using var kept = opened.Value;
                var resealed = sealer.Seal(ConsentAdministration.Place(row, after.Binding), kept.RevealUtf8());
                await draft.Database.AuthorizationRequests.Where(open => open.Id == row.Id && open.StateHash == row.StateHash)
                    .ExecuteUpdateAsync(update => update.SetProperty(open => open.Sealed, resealed));
            }
        }
    }
}
