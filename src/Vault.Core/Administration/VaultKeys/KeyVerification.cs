using Microsoft.EntityFrameworkCore;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>Opens every sealed value and checks the MAC of every row, all as of one moment, and says what it can't. Changes nothing.</summary>
public sealed class KeyVerification
{
    private const int MostProblems = 100;
    private const string NotAuthentic = "It is not authentic: it was changed by something else than this vault.";
    private readonly IDbContextFactory<VaultDbContext> _contexts;
    private readonly ISnapshotReads _snapshots;
    private readonly DefinitionCodec _definitions;
    private readonly AccessCodec _access;
    private readonly CredentialBinder _binder;
    private readonly SecretSealer _sealer;
    private readonly VaultKeyRing _ring;

    internal KeyVerification(
        IDbContextFactory<VaultDbContext> contexts, ISnapshotReads snapshots, DefinitionCodec definitions, AccessCodec access, CredentialBinder binder, SecretSealer sealer, VaultKeyRing ring) =>
        (_contexts, _snapshots, _definitions, _access, _binder, _sealer, _ring) = (contexts, snapshots, definitions, access, binder, sealer, ring);

    /// <summary>Verifies now.</summary>
    public async Task<KeyVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        await using var database = await _contexts.CreateDbContextAsync(cancellationToken);
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await _snapshots.BeginAsync(database.Database.GetDbConnection(), cancellationToken);
        await database.Database.UseTransactionAsync(snapshot, cancellationToken);
        return await VerifyAsync(database, cancellationToken);
    }

    private async Task<KeyVerdict> VerifyAsync(VaultDbContext database, CancellationToken cancellationToken)
    {
        var findings = new Findings();
        foreach (var row in await database.VaultKeys.AsNoTracking().ToListAsync(cancellationToken))
        {
            findings.Authentic(_ring.Opens(StoredVaultKeys.Of(row)), "vaultKey", row.Id.ToString("N"), "It can't be opened, or doesn't match its check value or canary.");
        }

        var bindings = new Dictionary<Guid, byte[]>();
        await foreach (var row in database.ExternalCredentials.AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var credential = _definitions.Read(row);
            findings.Authentic(credential is not null, "externalCredential", row.Id.ToString("N"), NotAuthentic);
            if (credential is not null && BindingOf(credential) is { } binding)
            {
                bindings.Add(row.Id, binding);
            }
        }

        await CheckAsync(database.NamedCredentials, row => _definitions.Read(row) is not null, "namedCredential", row => row.Id.ToString("N"));
        await CheckAsync(database.Apps, row => _access.Read(row) is not null, "app", row => row.Id.ToString("N"));
        await CheckAsync(database.Keys, row => _access.Read(row) is not null, "key", row => row.Id);
        await CheckAsync(database.Grants, row => _access.Read(row) is not null, "grant", row => $"{row.AppId:N}/{row.NamedCredentialId:N}");
        foreach (var table in SealedTable.All)
        {
            await foreach (var row in table.ReadAsync(database).WithCancellation(cancellationToken))
            {
                findings.Opened(Judge(table, row, bindings), table.Kind, row.Id.ToString("N"));
            }
        }

        return findings.ToVerdict();

        async Task CheckAsync<TRow>(DbSet<TRow> rows, Func<TRow, bool> isAuthentic, string kind, Func<TRow, string> id)
            where TRow : class
        {
            await foreach (var row in rows.AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                findings.Authentic(isAuthentic(row), kind, id(row), NotAuthentic);
            }
        }
    }

    private byte[]? BindingOf(ExternalCredential credential) => _binder.Bind(credential).Value?.Binding;

    // Null: it opens.
    private string? Judge(SealedTable table, SealedRow row, Dictionary<Guid, byte[]> bindings)
    {
        if (!bindings.TryGetValue(row.ExternalCredentialId, out var binding))
        {
            return "Its external credential can't be read.";
        }

        if (_sealer.CanOpen(row.PlaceOf(binding), row.Sealed))
        {
            return null;
        }

        // A consent that was asked for under settings that changed since is refused when it comes back: that is no damage.
        return table.IsBoundWhileItLives || _sealer.Rewrap(row.PlaceOf([]), row.Sealed) is null
            ? "It can't be opened: it is damaged, belongs elsewhere, or its vault key is missing."
            : null;
    }

    private sealed class Findings
    {
        private readonly List<KeyProblem> _problems = [];
        private long _authentic;
        private long _opened;
        private long _failed;

        public void Authentic(bool isAuthentic, string kind, string id, string problem)
        {
            _authentic += isAuthentic ? 1 : 0;
            Note(isAuthentic ? null : problem, kind, id);
        }

        public void Opened(string? problem, string kind, string id)
        {
            _opened += problem is null ? 1 : 0;
            Note(problem, kind, id);
        }

        public KeyVerdict ToVerdict() => new(_failed == 0, _opened, _authentic, _failed, _problems);

        private void Note(string? problem, string kind, string id)
        {
            if (problem is null)
            {
                return;
            }

            _failed++;
            if (_problems.Count < MostProblems)
            {
                _problems.Add(new KeyProblem(kind, id, problem));
            }
        }
    }
}
