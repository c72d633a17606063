using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>
/// Applies a whole document of definitions as one change, all or nothing, by the same rules as one definition at a time; compares one with
/// what is there; and gives all that is there as one.
/// </summary>
public sealed class DefinitionSetAdministration(
    ChangeGate gate, DefinitionCatalog definitions, AccessCatalog access, ExternalCredentialAdministration externals, NamedCredentialAdministration named,
    AppAdministration apps, GrantAdministration grants, CredentialBinder binder, SecretSealer sealer, SecretSources sources, IDbContextFactory<VaultDbContext> contexts)
{
    private readonly ExternalCredentialPart _externals = new(externals);
    private readonly NamedCredentialPart _named = new(named);
    private readonly SecretPart _secrets = new(binder, sealer, sources);
    private readonly AppPart _apps = new(apps, grants);
    private readonly DefinitionExport _export = new(contexts, binder, sealer, sources);

    /// <summary>Makes everything as the document says. A second time it changes nothing.</summary>
    /// <param name="set">The document.</param>
    /// <param name="role">Of who sent it.</param>
    /// <param name="discardSecrets">Whether secrets that a change would let travel elsewhere go instead.</param>
    /// <param name="precondition">The entity tag of the comparison that was agreed to: where the state is another, nothing is changed.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public Task<Result<DefinitionSetOutcome>> ApplyAsync(DefinitionSet set, VaultRole role, bool discardSecrets, Precondition precondition, CancellationToken cancellationToken) =>
        DefinitionSetSize.Judge(set) is { } tooLarge ? Task.FromResult<Result<DefinitionSetOutcome>>(tooLarge)
        : gate.ApplyAsync(
            async draft => precondition.IfMatch is not null && precondition.Judge(await StateTag.OfAsync(draft, set, cancellationToken)) is { } stale
                ? stale
                : await ApplyAsync(new SetChange(draft, role, discardSecrets, isRehearsal: false, cancellationToken), set),
            cancellationToken);

    /// <summary>Says what applying it would do, with the entity tag of the state that this is true of; changes nothing, and compares no secret.</summary>
    /// <param name="set">The document; of secrets, only their names count.</param>
    /// <param name="role">Of who sent it.</param>
    /// <param name="discardSecrets">As there.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public async Task<Result<Tagged<DefinitionSetOutcome>>> CompareAsync(DefinitionSet set, VaultRole role, bool discardSecrets, CancellationToken cancellationToken)
    {
        if (DefinitionSetSize.Judge(set) is { } tooLarge)
        {
            return tooLarge;
        }

        var tag = "";
        var outcome = await gate.RehearseAsync(
            async draft =>
            {
                tag = await StateTag.OfAsync(draft, set, cancellationToken);
                return await ApplyAsync(new SetChange(draft, role, discardSecrets, isRehearsal: true, cancellationToken), set);
            },
            cancellationToken);
        return outcome.IsOk ? new Tagged<DefinitionSetOutcome>(outcome.Value, tag) : outcome.Error;
    }

    /// <summary>All definitions as one document, in the order of their names, without secrets, with what parameters refer to.</summary>
    public Task<JsonObject> ExportAsync(CancellationToken cancellationToken) => _export.MakeAsync(definitions.Current, access.Current, cancellationToken);

    private async Task<Result<DefinitionSetOutcome>> ApplyAsync(SetChange change, DefinitionSet set)
    {
        var outcome = await MakeAsync(change, set);
        if (AuditOrigin.Current is { } origin && change.FirstRefused is { } refused)
        {
            origin.Event = origin.Event with { Target = refused };
        }

        return outcome;
    }

    private async Task<Result<DefinitionSetOutcome>> MakeAsync(SetChange change, DefinitionSet set)
    {
        var draft = change.Draft;
        var (defined, known) = (draft.Definitions, draft.Access);
        var (external, credentials, owners) = (set.ExternalCredentials ?? [], set.NamedCredentials ?? [], set.Apps ?? []);

        // 1 Each name once, so that the order of entries decides nothing; and no secret that can't be one.
        CheckNames(change, "externalCredentials", external, entry => entry?.Name);
        CheckNames(change, "namedCredentials", credentials, input => input?.Name);
        CheckNames(change, "apps", owners, entry => entry?.Name);
        if (change.Error is null)
        {
            _secrets.Check(change, external);
        }

        if (change.Error is { } malformed)
        {
            return malformed;
        }

        // 2 What all else refers to. Hosts of named credentials, and principals of grants, that the document decides too are judged when it
        // is their turn, so that a document is judged by how it ends and not by the way there.
        draft.Access = AppPart.WithoutDecided(known, owners);
        var users = credentials.Aggregate(defined, (rest, input) =>
            DeveloperName.TryParse(input.Name, out var name) && rest.NamedCredentials.TryGetValue(name.Key, out var one) ? rest.Without(one) : rest);
        await _externals.ApplyAsync(change, external, users);
        await SaveAsync(change);

        // 3 What refers to it; the first link of an external credential says where its secrets may go.
        await NextAsync(change, () => _named.ApplyAsync(change, credentials));

        // 4 Who may call.
        await NextAsync(change, () =>
        {
            _apps.Apply(change, owners);
            return Task.CompletedTask;
        });
        await NextAsync(change, () => _apps.ApplyGrantsAsync(change, owners, known));
        if (!change.IsChanged("app", "grant"))
        {
            // Not only equal but the same: nobody has to be told of it.
            draft.Access = known;
        }

        // 5 The secrets, sealed to what the definitions are by now, when all else is judged.
        await NextAsync(change, () => _secrets.ApplyAsync(change, external, defined));
        return change.Error is { } error ? error : change.Outcome;
    }

    // What is wrong in one part makes the next look wrong too.
    private static async Task NextAsync(SetChange change, Func<Task> part)
    {
        if (change.Error is null)
        {
            await part();
            await SaveAsync(change);
        }
    }

    private static async Task SaveAsync(SetChange change)
    {
        if (change.Error is null)
        {
            await change.Draft.Database.SaveChangesAsync(change.CancellationToken);
            change.Draft.Database.ChangeTracker.Clear();
        }
    }

    private static void CheckNames<T>(SetChange change, string list, IReadOnlyList<T> entries, Func<T, string?> nameOf)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < entries.Count; index++)
        {
            if (entries[index] is null)
            {
                change.Refuse($"$.{list}[{index}]", null, VaultError.Invalid("$", "Must be an object."));
            }
            else if (nameOf(entries[index]) is { } name && !seen.Add(name))
            {
                change.Refuse($"$.{list}[{index}]", name, VaultError.Invalid("$.name", "Stands here twice."));
            }
        }
    }
}
