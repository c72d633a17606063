using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Access;

/// <summary>The first admin key; only where the database never held one. Contract sections 8 and 9.</summary>
public sealed class BootstrapAdminKey(ChangeGate gate, AccessCatalog catalog, AccessCodec codec, KeyHasher hasher)
{
    private const string Fact = "had-admin-key";

    /// <summary>Makes sure that there is, or was, an admin key.</summary>
    /// <param name="setting"><c>Vault:BootstrapAdminKey</c>; null or empty: one is made.</param>
    /// <param name="cancellationToken">Of the start.</param>
    /// <returns>A key that was made here, to be shown once; null where none was.</returns>
    /// <exception cref="VaultStartException">The setting isn't a key.</exception>
    public async Task<string?> EnsureAsync(string? setting, CancellationToken cancellationToken)
    {
        var given = string.IsNullOrEmpty(setting) ? null : VaultKeyText.TryParse(setting)
            ?? throw new VaultStartException("Vault:BootstrapAdminKey must have the form vk_<id>_<secret>: an id of 8 to 32 letters and digits, a secret of at least 32 characters.");
        if (catalog.Current.Keys.Values.Any(key => key.Role is VaultRole.Admin))
        {
            return null;
        }

        AuditOrigin.Current = new AuditOrigin
        {
            Event = new AuditEvent(Guid.CreateVersion7().ToString("N"), gate.Now, "vault", "admin-key.created", "bootstrap", AuditOutcomes.Success),
            CreatedAction = "admin-key.created",
        };
        var result = await gate.ApplyAsync<string>(
            async draft =>
            {
                if (await draft.Database.Facts.AnyAsync(fact => fact.Name == Fact))
                {
                    // There was one, or another replica that starts at the same time was first: nothing is changed, and nothing recorded.
                    return new VaultError(ErrorCodes.AlreadyExists, "There was an admin key.");
                }

                var text = given ?? VaultKeyText.Create();
                KeyAdministration.Store(draft, codec, new VaultKey(
                    text.Id, VaultRole.Admin, null, DeveloperName.Parse("bootstrap"), [.. hasher.Hash(text, VaultRole.Admin, null)], draft.Now, null));
                draft.Database.Facts.Add(new VaultFactRow { Name = Fact, Value = [1] });
                return given is null ? text.Reveal() : "";
            },
            cancellationToken);
        AuditOrigin.Current = null;
        if (result.Error is { Code: ErrorCodes.AlreadyExists })
        {
            return null;
        }

        if (!result.IsOk)
        {
            throw new VaultStartException("The first admin key could not be stored: " + result.Error.Detail);
        }

        return result.Value.Length == 0 ? null : result.Value;
    }
}
