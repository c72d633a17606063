using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.Listing;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Access;

/// <summary>Makes and removes keys: of apps, and of people.</summary>
public sealed class KeyAdministration(
    ChangeGate gate, AccessCatalog catalog, AccessCodec codec, KeyHasher hasher, KeyUsage usage, IDbContextFactory<VaultDbContext> contexts, TimeProvider time)
{
    /// <summary>Makes a key of an app.</summary>
    public Task<Result<NewAppKey>> CreateForAppAsync(DeveloperName app, AppKeyInput input, CancellationToken cancellationToken) => gate.ApplyAsync<NewAppKey>(
        draft =>
        {
            if (AppAdministration.Find(draft.Access, app) is not { } found)
            {
                return Task.FromResult<Result<NewAppKey>>(AppAdministration.NotFound(app));
            }

            if (JudgeEnd(input.ExpiresAt, draft.Now) is { } past)
            {
                return Task.FromResult<Result<NewAppKey>>(past);
            }

            var (key, text) = Add(draft, VaultRole.App, found.Id, null, input.ExpiresAt);
            if (AuditOrigin.Current is { } origin)
            {
                // As the record of its removal names it: who made a key that leaked can be found.
                origin.Event = origin.Event with { Target = $"{found.Name}/{key.Id}" };
            }

            return Task.FromResult<Result<NewAppKey>>(new NewAppKey(key.Id, text, key.ExpiresAt));
        },
        cancellationToken);

    /// <summary>Makes a key of a person.</summary>
    public Task<Result<NewAdminKey>> CreateForPersonAsync(AdminKeyInput input, CancellationToken cancellationToken) => gate.ApplyAsync<NewAdminKey>(
        draft =>
        {
            var errors = new InputErrors();
            var name = NameRules.Read(input.Name, null, errors);
            VaultRole? role = input.Role switch
            {
                "admin" => VaultRole.Admin,
                "operator" => VaultRole.Operator,
                "auditor" => VaultRole.Auditor,
                _ => null,
            };
            if (role is null)
            {
                errors.Add("$.role", "Must be admin, operator or auditor.");
            }

            if (JudgeEnd(input.ExpiresAt, draft.Now) is { } past)
            {
                errors.Add(past, "$.expiresAt");
            }

            if (errors.Any || name is null || role is null)
            {
                return Task.FromResult<Result<NewAdminKey>>(errors.ToError());
            }

            if (FindPerson(draft.Access, name.Value) is not null)
            {
                return Task.FromResult<Result<NewAdminKey>>(new VaultError(ErrorCodes.AlreadyExists, $"There is an admin key {name} already."));
            }

            var (key, text) = Add(draft, role.Value, null, name, input.ExpiresAt);
            return Task.FromResult<Result<NewAdminKey>>(new NewAdminKey(key.Id, name.Value.Value, RoleName(role.Value), text, key.CreatedAt, key.ExpiresAt));
        },
        cancellationToken);

    /// <summary>Removes a key of an app; in force at once.</summary>
    public Task<Result<bool>> DeleteForAppAsync(DeveloperName app, string id, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            if (AppAdministration.Find(draft.Access, app) is not { } found)
            {
                return AppAdministration.NotFound(app);
            }

            var key = draft.Access.Keys.GetValueOrDefault(id) is { } known && known.AppId == found.Id ? known : null;
            if (precondition.JudgeUntagged(key is not null) is { } failed)
            {
                return failed;
            }

            if (key is null)
            {
                return new VaultError(ErrorCodes.NotFound, "There is no such key of this app.");
            }

            await RemoveAsync(draft, key);
            return true;
        },
        cancellationToken);

    /// <summary>Removes a person's key; never the last that can administer.</summary>
    public Task<Result<bool>> DeleteForPersonAsync(DeveloperName name, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            var key = FindPerson(draft.Access, name);
            if (precondition.JudgeUntagged(key is not null) is { } failed)
            {
                return failed;
            }

            if (key is null)
            {
                return new VaultError(ErrorCodes.NotFound, $"There is no admin key {name}.");
            }

            if (IsUsableAdmin(key, draft.Now) && !draft.Access.Keys.Values.Any(other => other.Id != key.Id && IsUsableAdmin(other, draft.Now)))
            {
                return new VaultError(ErrorCodes.LastAdminKey, "It is the last usable admin key; make another one first.");
            }

            await RemoveAsync(draft, key);
            return true;
        },
        cancellationToken);

    /// <summary>Reads a page of an app's keys.</summary>
    public async Task<Result<Page<AppKeyView>>> ListForAppAsync(DeveloperName app, PageRequest request, CancellationToken cancellationToken)
    {
        var snapshot = catalog.Current;
        if (AppAdministration.Find(snapshot, app) is not { } found)
        {
            return AppAdministration.NotFound(app);
        }

        var (items, next) = request.Take(snapshot.Keys.Values.Where(key => key.AppId == found.Id), key => key.Id, _ => null);
        var used = await LastUsedAsync(items, cancellationToken);
        return new Page<AppKeyView>([.. items.Select(key => new AppKeyView(key.Id, key.CreatedAt, key.ExpiresAt, used[key.Id]))], next);
    }

    /// <summary>Reads a page of people's keys.</summary>
    public async Task<Page<AdminKeyView>> ListForPeopleAsync(PageRequest request, CancellationToken cancellationToken)
    {
        var (items, next) = request.Take(catalog.Current.Keys.Values.Where(key => key.Name is not null), key => key.Name!.Value.Key, _ => null);
        var used = await LastUsedAsync(items, cancellationToken);
        return new Page<AdminKeyView>(
            [.. items.Select(key => new AdminKeyView(key.Id, key.Name?.Value ?? "", RoleName(key.Role), key.CreatedAt, key.ExpiresAt, used[key.Id]))], next);
    }

    internal static void Store(Draft draft, AccessCodec codec, VaultKey key)
    {
        draft.Database.Keys.Add(codec.ToRow(key));
        draft.Access = draft.Access with { Keys = draft.Access.Keys.SetItem(key.Id, key) };
    }

    private static string RoleName(VaultRole role) => role switch
    {
        VaultRole.Admin => "admin",
        VaultRole.Operator => "operator",
        VaultRole.Auditor => "auditor",
        VaultRole.App => "app",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    private static bool IsUsableAdmin(VaultKey key, DateTimeOffset now) => key.Role is VaultRole.Admin && !(key.ExpiresAt <= now);

    private static VaultKey? FindPerson(AccessSnapshot snapshot, DeveloperName name) => snapshot.Keys.Values.FirstOrDefault(key => key.Name == name);

    private static VaultError? JudgeEnd(DateTimeOffset? end, DateTimeOffset now) =>
        end <= now ? VaultError.Invalid("$.expiresAt", "Must lie in the future.") : null;

    private static async Task RemoveAsync(Draft draft, VaultKey key)
    {
        await draft.Database.Keys.Where(row => row.Id == key.Id).ExecuteDeleteAsync();
        draft.Changed.Add(key.AppId is { } app ? new Changed(ChangeKind.AppKeys, app.ToString()) : new Changed(ChangeKind.People));
        draft.Access = draft.Access with { Keys = draft.Access.Keys.Remove(key.Id) };
    }

    private (VaultKey Key, string Text) Add(Draft draft, VaultRole role, Guid? appId, DeveloperName? name, DateTimeOffset? expiresAt)
    {
        var text = VaultKeyText.Create();
        while (draft.Access.Keys.ContainsKey(text.Id))
        {
            text = VaultKeyText.Create();
        }

        var key = new VaultKey(text.Id, role, appId, name, [.. hasher.Hash(text, role, appId)], time.GetUtcNow(), expiresAt?.ToUniversalTime());
        Store(draft, codec, key);
        return (key, text.Reveal());
    }

    private async Task<Dictionary<string, DateTimeOffset?>> LastUsedAsync(IReadOnlyList<VaultKey> keys, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var ids = keys.Select(key => key.Id).ToArray();
        var stored = await database.Keys.AsNoTracking().Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.LastUsedAt, cancellationToken);
        return ids.ToDictionary(id => id, id => usage.Find(id) ?? stored.GetValueOrDefault(id));
    }
}
