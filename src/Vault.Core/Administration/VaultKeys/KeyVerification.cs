using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.ForwardProxy;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>Opens every sealed value and checks the MAC of every row, all as of one moment, and says what it can't. Changes nothing.</summary>
public sealed class KeyVerification : IDisposable
{
    private const string NotAuthentic = "It is not authentic: it was changed by something else than this vault.";
    private readonly IDbContextFactory<VaultDbContext> _contexts;
    private readonly ISnapshotReads _snapshots;
    private readonly DefinitionCodec _definitions;
    private readonly AccessCodec _access;
    private readonly CredentialBinder _binder;
    private readonly SecretSealer _sealer;
    private readonly VaultKeyRing _ring;
    private readonly SemaphoreSlim _turn = new(1, 1);

    internal KeyVerification(
        IDbContextFactory<VaultDbContext> contexts, ISnapshotReads snapshots, DefinitionCodec definitions, AccessCodec access, CredentialBinder binder, SecretSealer sealer, VaultKeyRing ring) =>
        (_contexts, _snapshots, _definitions, _access, _binder, _sealer, _ring) = (contexts, snapshots, definitions, access, binder, sealer, ring);

    /// <summary>Verifies now; one at a time, whoever comes meanwhile waits.</summary>
    public async Task<KeyVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await using var database = await _contexts.CreateDbContextAsync(cancellationToken);
            await database.Database.OpenConnectionAsync(cancellationToken);
            await using var snapshot = await _snapshots.BeginAsync(database.Database.GetDbConnection(), cancellationToken);
            await database.Database.UseTransactionAsync(snapshot, cancellationToken);
            return await VerifyAsync(database, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task<KeyVerdict> VerifyAsync(VaultDbContext database, CancellationToken cancellationToken)
    {
        var findings = new KeyFindings();
        var bindings = new Dictionary<Guid, byte[]>();
        await CheckAsync<VaultKeyRow>(row => _ring.Opens(StoredVaultKeys.Of(row)), "vaultKey", row => row.Id.ToString("N"), "It can't be opened, or doesn't match its check value or canary.");
        await CheckAsync<ExternalCredentialRow>(
            row =>
            {
                var credential = _definitions.Read(row);
                if (credential is not null && BindingOf(credential) is { } binding)
                {
                    bindings.Add(row.Id, binding);
                }

                return credential is not null;
            },
            "externalCredential", row => row.Id.ToString("N"));
        await CheckAsync<NamedCredentialRow>(row => _definitions.Read(row) is not null, "namedCredential", row => row.Id.ToString("N"));
        await CheckAsync<AppRow>(row => _access.Read(row) is not null, "app", row => row.Id.ToString("N"));
        await CheckAsync<KeyRow>(row => _access.Read(row) is not null, "key", row => row.Id);
        await CheckAsync<GrantRow>(row => _access.Read(row) is not null, "grant", row => $"{row.AppId:N}/{row.NamedCredentialId:N}");
        foreach (var table in SealedTable.All)
        {
            var passedOver = new PassedOver();
            await foreach (var row in table.ReadAsync(database, passedOver, cancellationToken))
            {
                findings.Opened(Judge(table, row, bindings), _sealer.IsUnderActiveKey(row.Sealed), table.Kind, row.Id.ToString("N"));
            }

            findings.Undecodable(table.Kind, passedOver.Count, passedOver.Ids);
        }

        if (await database.Facts.AsNoTracking().SingleOrDefaultAsync(row => row.Name == AuthorityStore.Fact, cancellationToken) is { Value: var kept })
        {
            findings.Opened(
                _sealer.CanOpen(CertificateAuthority.Place, kept) ? SealedJudgement.Opens : SealedJudgement.Damaged, _sealer.IsUnderActiveKey(kept), "forwardProxyAuthority", AuthorityStore.Fact);
        }

        return findings.ToVerdict();

        async Task CheckAsync<TRow>(Func<TRow, bool> isAuthentic, string kind, Func<TRow, string> id, string problem = NotAuthentic)
            where TRow : class
        {
            var rows = new StoredRows<TRow>(database);
            await foreach (var row in rows.ReadAsync(cancellationToken))
            {
                findings.Authentic(IsAuthentic(row), kind, id(row), problem);
            }

            findings.Undecodable(kind, rows.PassedOver, await rows.PassedOverAsync(PassedOver.MostIds, cancellationToken));

            bool IsAuthentic(TRow row)
            {
                try
                {
                    return isAuthentic(row);
                }
                catch (Exception exception) when (UndecodableRows.IsOne(exception) || exception is JsonException)
                {
                    return false;
                }
            }
        }
    }

    private byte[]? BindingOf(ExternalCredential credential) => _binder.Bind(credential).Value?.Binding;

    private SealedJudgement Judge(SealedTable table, SealedRow row, Dictionary<Guid, byte[]> bindings)
    {
        try
        {
            if (!bindings.TryGetValue(row.ExternalCredentialId, out var binding))
            {
                return SealedJudgement.Orphaned;
            }

            return _sealer.CanOpen(row.PlaceOf(binding), row.Sealed) ? SealedJudgement.Opens

                // A consent that was asked for under settings that changed since is refused when it comes back: that is no damage, and nothing that was opened.
                : !table.IsBoundWhileItLives && _sealer.Rewrap(row.PlaceOf([]), row.Sealed) is not null ? SealedJudgement.Outdated
                : SealedJudgement.Damaged;
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            return SealedJudgement.Damaged;
        }
    }
}
