using System.Text.Json.Nodes;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>A document that is being applied: what came of it so far, and what is wrong with it.</summary>
/// <param name="draft">The change that all of it is.</param>
/// <param name="role">Of who sent it.</param>
/// <param name="discardSecrets">Whether secrets that could travel go instead.</param>
/// <param name="isRehearsal">Whether nothing of it will stay.</param>
/// <param name="cancellationToken">Of the request: a document may be long, and nobody else can change anything meanwhile.</param>
internal sealed class SetChange(Draft draft, VaultRole role, bool discardSecrets, bool isRehearsal, CancellationToken cancellationToken)
{
    private const int MostErrors = 100;

    // What says where secrets go.
    private static readonly string[] Leading = ["url", "externalCredential", "allowedHosts"];

    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);
    private readonly List<DefinitionChange> _changes = [];
    private readonly List<WrittenPart> _parts = [];
    private VaultError? _first;
    private int _unchanged;

    public Draft Draft => draft;

    public VaultRole Role => role;

    public bool DiscardSecrets => discardSecrets;

    public bool IsRehearsal => isRehearsal;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>The entry that was refused first, as in <c>apps[0] (Billing)</c>; null while none was.</summary>
    public string? FirstRefused { get; private set; }

    /// <summary>What was wrong first, with all that was found; null while nothing was.</summary>
    public VaultError? Error => _first is null
        ? null
        : _first with { Errors = _errors.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal) };

    /// <summary>What came of it.</summary>
    public DefinitionSetOutcome Outcome => new(Count("created"), Count("changed"), Count("deleted"), _unchanged, Count("undetermined"), _changes) { Parts = _parts };

    /// <summary>Whether anything of these kinds is different.</summary>
    public bool IsChanged(params ReadOnlySpan<string> kinds)
    {
        foreach (var change in _changes)
        {
            if (kinds.Contains(change.Kind))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes what is wrong with an entry.</summary>
    /// <param name="path">Of the entry, as in <c>$.apps[0]</c>.</param>
    /// <param name="name">Its name, if it has one.</param>
    /// <param name="error">With paths within the entry, <c>$.url</c>.</param>
    public void Refuse(string path, string? name, VaultError error)
    {
        var subject = path[2..] + (name is { Length: > 0 and <= DeveloperName.MaxLength } ? $" ({name})" : "");
        FirstRefused ??= subject;
        _first ??= error with { Detail = $"{subject}: {error.Detail}" };
        foreach (var (at, messages) in error.Errors ?? new Dictionary<string, string[]> { ["$"] = [error.Detail] })
        {
            if (_errors.Count >= MostErrors)
            {
                return;
            }

            var place = at.StartsWith('$') ? path + at[1..] : $"{path}.{at}";
            if (!_errors.TryGetValue(place, out var known))
            {
                _errors[place] = known = [];
            }

            known.AddRange(messages);
        }
    }

    /// <summary>Notes what became of a definition, by its forms; of a new one, where it leads.</summary>
    public void Note(string kind, string resource, string name, JsonObject? before, JsonObject after)
    {
        var differences = FormDifferences.Between(before ?? [], after);
        if (before is not null && differences.Count == 0)
        {
            _unchanged++;
            return;
        }

        Note(kind, resource, name, before is null ? "created" : "changed", before is null ? [.. differences.Where(difference => Leading.Contains(difference.Path))] : differences);
    }

    /// <summary>Notes what else is different about a definition because of another entry; as one change, where it has one already.</summary>
    public void NoteFurther(string kind, string resource, string name, IReadOnlyList<DefinitionDifference> differences)
    {
        var index = _changes.FindIndex(change => change.Kind == kind && change.Name == name);
        if (index >= 0)
        {
            _changes[index] = _changes[index] with { Differences = [.. _changes[index].Differences, .. differences] };
        }
        else
        {
            Note(kind, resource, name, "changed", differences);
        }
    }

    /// <summary>Notes that something is as it was.</summary>
    public void NoteUnchanged() => _unchanged++;

    /// <summary>Notes what became of something.</summary>
    /// <param name="kind">As in <see cref="DefinitionChange"/>.</param>
    /// <param name="resource">As in the audit.</param>
    /// <param name="name">Its name.</param>
    /// <param name="action">As in <see cref="DefinitionChange"/>.</param>
    /// <param name="differences">What is different.</param>
    /// <param name="principal">The principal, of secret values.</param>
    public void Note(string kind, string resource, string name, string action, IReadOnlyList<DefinitionDifference> differences, string? principal = null)
    {
        _changes.Add(new DefinitionChange(kind, name, action, differences));
        var verb = action == "changed" || (kind == "credential" && action == "created") ? "updated" : action;
        _parts.Add(new WrittenPart($"{resource}.{verb}", name, principal));
    }

    private int Count(string action) => _changes.Count(change => change.Action == action);
}
