using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Audit;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Access;

/// <summary>The first admin key; only where the database never held one. Contract sections 8 and 9.</summary>
public sealed class BootstrapAdminKey(ChangeGate gate, AccessCatalog catalog, IDefinitionReading reading, AccessCodec codec, KeyHasher hasher)
{
    private const string Fact = "had-admin-key";

    // Replicas that start together make it one after the other; each waits for its turn for some seconds.
    private const int MostAttempts = 8;

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

        // Without it nobody could do anything with the vault: it is waited for, however many definitions there are.
        while (await reading.SettledAsync(cancellationToken) is not null)
        {
        }

        AuditOrigin.Current = new AuditOrigin
        {
            Event = new AuditEvent(Guid.CreateVersion7().ToString("N"), gate.Now, "vault", "admin-key.created", "bootstrap", AuditOutcomes.Success),
            CreatedAction = "admin-key.created",
        };
        var text = given ?? VaultKeyText.Create();
        var result = await StoreAsync(text, cancellationToken);
        for (var attempt = 1; attempt < MostAttempts && result.Error is { Code: ErrorCodes.StorageUnavailable }; attempt++)
        {
            result = await StoreAsync(text, cancellationToken);
        }

        AuditOrigin.Current = null;
        if (!result.IsOk && result.Error.Code is not ErrorCodes.AlreadyExists)
        {
            throw new VaultStartException("The first admin key could not be stored: " + result.Error.Detail);
        }

        // An attempt whose commit wasn't answered may have been the first.
        return given is null && catalog.Current.Keys.ContainsKey(text.Id) ? text.Reveal() : null;
    }

    private Task<Result<VaultKey>> StoreAsync(VaultKeyText text, CancellationToken cancellationToken) => gate.ApplyAsync<VaultKey>(
        async draft =>
        {
            if (await draft.Database.Facts.AnyAsync(fact => fact.Name == Fact))
            {
                // There was one, or another replica that starts at the same time was first: nothing is changed, and nothing recorded.
                return new VaultError(ErrorCodes.AlreadyExists, "There was an admin key.");
            }

            var key = new VaultKey(text.Id, VaultRole.Admin, null, DeveloperName.Parse("bootstrap"), [.. hasher.Hash(text, VaultRole.Admin, null)], draft.Now, null);
            KeyAdministration.Store(draft, codec, key);
            draft.Database.Facts.Add(new VaultFactRow { Name = Fact, Value = [1] });
            return key;
        },
        cancellationToken);
}
