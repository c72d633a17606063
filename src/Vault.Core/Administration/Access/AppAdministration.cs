using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.Listing;
using Vault.Core.Primitives;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Access;

/// <summary>Creates, changes and deletes apps.</summary>
public sealed class AppAdministration(ChangeGate gate, AccessCatalog catalog, AccessCodec codec)
{
    /// <summary>Creates one.</summary>
    public Task<Result<Tagged<AppView>>> CreateAsync(AppInput input, CancellationToken cancellationToken) => WriteAsync(input, null, Precondition.None, cancellationToken);

    /// <summary>Creates or replaces one.</summary>
    public Task<Result<Tagged<AppView>>> PutAsync(DeveloperName name, AppInput input, Precondition precondition, CancellationToken cancellationToken) =>
        WriteAsync(input, name, precondition, cancellationToken);

    /// <summary>Deletes one, with its keys and grants.</summary>
    public Task<Result<bool>> DeleteAsync(DeveloperName name, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            var current = Find(draft.Access, name);
            if (current is null)
            {
                return precondition.IfMatch is null ? NotFound(name) : precondition.Judge(null) ?? NotFound(name);
            }

            if (precondition.Judge(EntityTag.Of(current.Id, current.Version)) is { } failed)
            {
                return failed;
            }

            await draft.Database.Apps.Where(row => row.Id == current.Id).ExecuteDeleteAsync();
            draft.Changed.Add(new Changed(ChangeKind.App, current.Id.ToString()));
            draft.Access = draft.Access with
            {
                Apps = draft.Access.Apps.Remove(current.Id),
                AppIds = draft.Access.AppIds.Remove(current.Name.Key),
                Keys = draft.Access.Keys.RemoveRange(draft.Access.Keys.Values.Where(key => key.AppId == current.Id).Select(key => key.Id)),
                Grants = draft.Access.Grants.WithoutApp(current.Id),
            };
            return true;
        },
        cancellationToken);

    /// <summary>Reads one.</summary>
    public Result<Tagged<AppView>> Get(DeveloperName name) =>
        Find(catalog.Current, name) is { } app ? new Tagged<AppView>(ToView(app), EntityTag.Of(app.Id, app.Version)) : NotFound(name);

    /// <summary>Reads a page of them.</summary>
    public Page<AppView> List(PageRequest request)
    {
        var (items, next) = request.Take(catalog.Current.Apps.Values, app => app.Name.Key, app => app.Label);
        return new Page<AppView>([.. items.Select(ToView)], next);
    }

    internal static VaultApp? Find(AccessSnapshot snapshot, DeveloperName name) =>
        snapshot.AppIds.TryGetValue(name.Key, out var id) ? snapshot.Apps[id] : null;

    internal static VaultError NotFound(DeveloperName name) => new(ErrorCodes.NotFound, $"There is no app {name}.");

    private static AppView ToView(VaultApp app) => new(app.Name.Value, app.Label, app.MayAssertUser, app.CreatedAt, app.UpdatedAt);

    private Task<Result<Tagged<AppView>>> WriteAsync(AppInput input, DeveloperName? route, Precondition precondition, CancellationToken cancellationToken) =>
        gate.ApplyAsync<Tagged<AppView>>(
            draft => Task.FromResult(Write(draft, input, route, precondition)),
            cancellationToken);

    /// <summary>Creates or replaces one as part of a change.</summary>
    internal Result<Tagged<AppView>> Write(Draft draft, AppInput input, DeveloperName? route, Precondition precondition)
    {
        var before = route is { } key ? Find(draft.Access, key) : null;
        if (precondition.Judge(before is null ? null : EntityTag.Of(before.Id, before.Version)) is { } failed)
        {
            return failed;
        }

        var errors = new InputErrors();
        var name = NameRules.Read(input.Name, route, errors);
        errors.CheckLength("$.label", input.Label, 255);
        if (route is null && input.CreatedAt is not null)
        {
            errors.Add("$.createdAt", "Is read-only.");
        }

        if (route is null && input.UpdatedAt is not null)
        {
            errors.Add("$.updatedAt", "Is read-only.");
        }

        if (errors.Any || name is null)
        {
            return errors.ToError();
        }

        if (before is null && Find(draft.Access, name.Value) is not null)
        {
            return new VaultError(ErrorCodes.AlreadyExists, $"There is an app {name} already.");
        }

        var app = new VaultApp(
            before?.Id ?? Guid.NewGuid(), before?.Name ?? name.Value, input.Label, (before?.Version ?? 0) + 1, before?.CreatedAt ?? draft.Now, draft.Now,
            input.MayAssertUser);
        if (before is null)
        {
            draft.Database.Apps.Add(codec.ToRow(app));
        }
        else
        {
            draft.Database.Apps.Update(codec.ToRow(app)).Property(row => row.Version).OriginalValue = before.Version;
        }

        draft.Access = draft.Access with { Apps = draft.Access.Apps.SetItem(app.Id, app), AppIds = draft.Access.AppIds.SetItem(app.Name.Key, app.Id) };
        return new Tagged<AppView>(ToView(app), EntityTag.Of(app.Id, app.Version), before is null);
    }
}
