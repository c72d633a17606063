using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Changes;

/// <summary>What a change is about, by the rows that it writes, so that no feature has to say so itself.</summary>
internal static class Touched
{
    /// <summary>Those that are about to be saved.</summary>
    public static IEnumerable<Changed> Of(ChangeTracker tracker) => tracker.Entries()
        .Where(entry => entry.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)
        .Select(Of)
        .OfType<Changed>();

    private static Changed? Of(EntityEntry entry) => entry.Entity switch
    {
        ExternalCredentialRow row => new Changed(ChangeKind.ExternalCredential, row.Id.ToString()),
        NamedCredentialRow row => new Changed(ChangeKind.NamedCredential, row.NameKey),
        AppRow row => new Changed(ChangeKind.AppKeys, row.Id.ToString()),
        GrantRow row => Changed.Grant(row.AppId, row.NamedCredentialId),
        KeyRow { AppId: { } app } => new Changed(ChangeKind.AppKeys, app.ToString()),
        KeyRow => new Changed(ChangeKind.People),
        VaultKeyRow => new Changed(ChangeKind.VaultKeys),
        _ => null,
    };
}
