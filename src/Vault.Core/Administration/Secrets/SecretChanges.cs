using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Secrets;

/// <summary>Writes sealed parameters as part of a change.</summary>
internal sealed class SecretChanges(SecretSealer sealer)
{
    /// <summary>Whether any parameter of the external credential has a value.</summary>
    public static Task<bool> AnyAsync(Draft draft, Guid externalCredentialId) =>
        draft.Database.Secrets.AnyAsync(row => row.ExternalCredentialId == externalCredentialId && row.RetiredAt == null);

    /// <summary>Sets parameters; a null value removes one. What is replaced is kept for 24 hours, so that echoes of it are redacted.</summary>
    /// <param name="draft">The change.</param>
    /// <param name="credential">The external credential, as it will be.</param>
    /// <param name="principalId">The principal.</param>
    /// <param name="parameters">Names and values.</param>
    /// <param name="isWhole">Whether parameters that aren't named go.</param>
    public async Task SetAsync(
        Draft draft, BoundCredential credential, Guid principalId, IReadOnlyList<KeyValuePair<string, string?>> parameters, bool isWhole)
    {
        var rows = await draft.Database.Secrets
            .Where(row => row.PrincipalId == principalId && row.User == "")
            .ToListAsync();
        var named = parameters.Select(parameter => parameter.Key.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.RetiredAt is null && (isWhole || named.Contains(row.NameKey))))
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
            var row = new SecretRow
            {
                Id = Guid.NewGuid(),
                ExternalCredentialId = credential.Definition.Id,
                PrincipalId = principalId,
                Name = name,
                NameKey = key,
                Version = rows.Where(old => old.NameKey == key).Select(old => old.Version).DefaultIfEmpty().Max() + 1,
                UpdatedAt = draft.Now,
            };
            using var secret = new SecretText(value);
            row.Sealed = sealer.Seal(Place(row, credential.Binding), secret.RevealUtf8());
            draft.Database.Secrets.Add(row);
        }

        await RetireTokensAsync(draft, principalId);
        draft.Evicted.Add(credential.Definition.Id);
    }

    /// <summary>Destroys the secrets and tokens of an external credential, or of one principal, at once: nothing is kept.</summary>
    public static async Task ShredAsync(Draft draft, Guid externalCredentialId, Guid? principalId = null)
    {
        await draft.Database.Secrets
            .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId))
            .ExecuteDeleteAsync();
        await draft.Database.Tokens
            .Where(row => row.ExternalCredentialId == externalCredentialId && (principalId == null || row.PrincipalId == principalId))
            .ExecuteDeleteAsync();
        draft.Evicted.Add(externalCredentialId);
    }

    /// <summary>Seals everything anew to another binding; tokens go, since they were got under the old one.</summary>
    public async Task<VaultError?> ResealAsync(Draft draft, BoundCredential before, BoundCredential after)
    {
        draft.Evicted.Add(after.Definition.Id);
        if (before.Binding.AsSpan().SequenceEqual(after.Binding))
        {
            return null;
        }

        await draft.Database.Tokens.Where(row => row.ExternalCredentialId == after.Definition.Id).ExecuteDeleteAsync();
        foreach (var row in await draft.Database.Secrets.Where(row => row.ExternalCredentialId == after.Definition.Id).ToListAsync())
        {
            var opened = sealer.Open(Place(row, before.Binding), row.Sealed);
            if (!opened.IsOk)
            {
                return opened.Error;
            }

            using var secret = opened.Value;
            row.Sealed = sealer.Seal(Place(row, after.Binding), secret.RevealUtf8());
        }

        return null;
    }

    private static Task<int> RetireTokensAsync(Draft draft, Guid principalId)
    {
        DateTimeOffset? now = draft.Now;
        return draft.Database.Tokens
            .Where(row => row.PrincipalId == principalId && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, now));
    }

    private static SealPlace Place(SecretRow row, byte[] binding) =>
        new("parameter", row.Id, row.ExternalCredentialId, row.PrincipalId, row.User, row.NameKey, row.Version, binding);
}
