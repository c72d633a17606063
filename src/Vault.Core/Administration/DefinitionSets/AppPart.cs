using Vault.Core.Access;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>The apps of a document, and their grants.</summary>
internal sealed class AppPart(AppAdministration apps, GrantAdministration grants)
{
    /// <summary>
    /// Takes the grants that the document decides out of the draft: they are judged anew against what it makes of the definitions, so they
    /// don't stand in the way of it.
    /// </summary>
    public static AccessSnapshot WithoutDecided(AccessSnapshot access, IReadOnlyList<AppEntry> entries)
    {
        var decided = entries.Where(entry => entry.Grants is not null && DeveloperName.TryParse(entry.Name, out _))
            .Select(entry => AppAdministration.Find(access, DeveloperName.Parse(entry.Name ?? ""))?.Id).OfType<Guid>().ToHashSet();
        return decided.Count == 0 ? access : access with { Grants = decided.Aggregate(access.Grants, (grants, app) => grants.WithoutApp(app)) };
    }

    /// <summary>Applies the apps; what is wrong is noted.</summary>
    public void Apply(SetChange change, IReadOnlyList<AppEntry> entries)
    {
        for (var index = 0; index < entries.Count; index++)
        {
            change.CancellationToken.ThrowIfCancellationRequested();
            if (Apply(change, entries[index]) is { } refused)
            {
                change.Refuse($"$.apps[{index}]", entries[index].Name, refused);
            }
        }
    }

    /// <summary>Applies their grants, once the apps are there.</summary>
    /// <param name="change">The document.</param>
    /// <param name="entries">In order.</param>
    /// <param name="before">Who could call what before the document.</param>
    public async Task ApplyGrantsAsync(SetChange change, IReadOnlyList<AppEntry> entries, AccessSnapshot before)
    {
        var names = change.Draft.Definitions.NamedCredentials.Values.ToDictionary(named => named.Id, named => named.Name.Value);
        for (var index = 0; index < entries.Count; index++)
        {
            change.CancellationToken.ThrowIfCancellationRequested();
            if (entries[index].Grants is not { } granted)
            {
                continue;
            }

            var app = AppAdministration.Find(change.Draft.Access, DeveloperName.Parse(entries[index].Name ?? ""))
                ?? throw new InvalidOperationException("Grants come after the apps that they belong to.");
            var left = before.Grants.Of(app.Id).ToDictionary(grant => grant.NamedCredentialId);
            for (var number = 0; number < granted.Count; number++)
            {
                change.CancellationToken.ThrowIfCancellationRequested();
                if (await GrantAsync(change, app, granted[number], left) is { } refused)
                {
                    change.Refuse($"$.apps[{index}].grants[{number}]", $"{app.Name}/{granted[number]?.NamedCredential}", refused);
                }
            }

            foreach (var gone in left.Values)
            {
                await GrantAdministration.WithdrawAsync(change.Draft, gone);
                change.Note("grant", "grant", $"{app.Name}/{names.GetValueOrDefault(gone.NamedCredentialId, "?")}", "deleted", []);
            }
        }
    }

    private VaultError? Apply(SetChange change, AppEntry entry)
    {
        var draft = change.Draft;
        DeveloperName? name = DeveloperName.TryParse(entry.Name, out var parsed) ? parsed : null;
        var before = name is { } known ? AppAdministration.Find(draft.Access, known) : null;
        if (before is not null && before.Label == entry.Label && before.MayAssertUser == entry.MayAssertUser)
        {
            change.NoteUnchanged();
            return null;
        }

        var was = before is null ? null : DefinitionForms.Of(before);
        var written = apps.Write(draft, new AppInput(entry.Name, entry.Label, entry.MayAssertUser), name, Precondition.None);
        if (!written.IsOk)
        {
            return written.Error;
        }

        var after = AppAdministration.Find(draft.Access, DeveloperName.Parse(written.Value.Value.Name));
        change.Note("app", "app", written.Value.Value.Name, was, DefinitionForms.Of(after!));
        return null;
    }

    private async Task<VaultError?> GrantAsync(SetChange change, VaultApp app, GrantEntry? entry, Dictionary<Guid, Grant> left)
    {
        if (entry is null)
        {
            return VaultError.Invalid("$", "Must be an object.");
        }

        var draft = change.Draft;
        if (!DeveloperName.TryParse(entry.NamedCredential, out var name) || !draft.Definitions.NamedCredentials.TryGetValue(name.Key, out var named))
        {
            return new VaultError(
                ErrorCodes.UnknownReference, "There is no such named credential.", new Dictionary<string, string[]> { ["$.namedCredential"] = ["There is no such named credential."] });
        }

        var key = (app.Id, named.Id);
        if (draft.Access.Grants.ContainsKey(key))
        {
            return VaultError.Invalid("$.namedCredential", "Stands here twice.");
        }

        var input = new GrantInput(entry.Principals);
        if (left.Remove(named.Id, out var before))
        {
            var made = GrantAdministration.Make(app, named, input, draft.Definitions);
            if (!made.IsOk)
            {
                return made.Error;
            }

            if (made.Value.Principals.SequenceEqual(before.Principals))
            {
                draft.Access = draft.Access with { Grants = draft.Access.Grants.With(before) };
                change.NoteUnchanged();
                return null;
            }
        }

        var written = await grants.WriteAsync(draft, app.Name, name, input, Precondition.None);
        if (!written.IsOk)
        {
            return written.Error;
        }

        var after = DefinitionForms.Of(draft.Access.Grants[key], named.Name.Value);
        change.Note("grant", "grant", $"{app.Name}/{named.Name}", before is null ? null : DefinitionForms.Of(before, named.Name.Value), after);
        return null;
    }
}
