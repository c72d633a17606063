using Vault.Core.Access;
using Vault.Core.Definitions;

namespace Vault.Core.Storage;

/// <summary>
/// One reading of all definitions and grants: what was found so far, and what is known better than its rows tell, because another replica changed
/// it since the reading began. Used by one thread at a time (<see cref="ReadingState"/> sees to it); what is in it may be looked up meanwhile.
/// </summary>
/// <param name="before">What was in force when it began: what didn't change since stays the same object.</param>
internal sealed class SnapshotReading(DefinitionSnapshot before)
{
    private readonly DefinitionSnapshot.Builder _definitions = new();
    private readonly GrantTable.Builder _grants = new();
    private readonly HashSet<Guid> _changedExternalCredentials = [];
    private readonly HashSet<string> _changedNamedCredentials = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<(Guid App, Guid NamedCredential)> _changedGrants = [];
    private readonly HashSet<Guid> _changedApps = [];
    private readonly HashSet<Guid> _gone = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isInForce;

    /// <summary>Whether what was found so far is in force.</summary>
    public bool IsInForce
    {
        get => _isInForce;
        set => _isInForce = value;
    }

    /// <summary>Ends with it, whatever the outcome.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What was found so far.</summary>
    public DefinitionSnapshot Definitions => _definitions.Snapshot;

    /// <summary>What was found so far.</summary>
    public GrantTable Grants => _grants.Table;

    /// <summary>
    /// All rows were read. What was granted of a named credential that isn't among them, nor was told of, went with it: it was deleted before its
    /// row was come by, so that nothing told which one it was.
    /// </summary>
    public void Close()
    {
        var told = _changedGrants.Where(pair => _grants.Contains(pair.App, pair.NamedCredential)).Select(pair => pair.NamedCredential)
            .Concat(_changedApps.SelectMany(app => _grants.Table.Of(app)).Select(grant => grant.NamedCredentialId)).ToHashSet();
        if (told.Count > 0)
        {
            told.ExceptWith(_definitions.Snapshot.NamedCredentials.Values.Select(named => named.Id));
        }

        foreach (var gone in told)
        {
            _grants.RemoveNamedCredential(gone);
        }
    }

    /// <summary>It is over.</summary>
    public void End() => _ended.TrySetResult();

    /// <summary>A row of the table, as it was at some moment since the reading began: what is known already is at least as new.</summary>
    public void Add(ExternalCredential credential)
    {
        if (!_changedExternalCredentials.Contains(credential.Id) && _definitions.FindExternalCredential(credential.Id) is null)
        {
            var old = before.ExternalCredentials.GetValueOrDefault(credential.Id);
            _definitions.Set(old is not null && old.Version == credential.Version && old.UpdatedAt == credential.UpdatedAt ? old : credential);
        }
    }

    /// <inheritdoc cref="Add(ExternalCredential)"/>
    public void Add(NamedCredential credential)
    {
        var known = _definitions.FindNamedCredential(credential.Name.Value);
        if (known is null && !_changedNamedCredentials.Contains(credential.Name.Value))
        {
            var old = before.NamedCredentials.GetValueOrDefault(credential.Name.Value);
            _definitions.Set(old is not null && old.Id == credential.Id && old.Version == credential.Version && old.UpdatedAt == credential.UpdatedAt ? old : credential);
        }
        else if (known?.Id != credential.Id)
        {
            // It was deleted meanwhile, perhaps made anew: what was granted of it is granted no more.
            Forget(credential.Id);
        }
    }

    /// <inheritdoc cref="Add(ExternalCredential)"/>
    public void Add(Grant grant)
    {
        var key = (grant.AppId, grant.NamedCredentialId);
        if (!_changedGrants.Contains(key) && !_changedApps.Contains(grant.AppId) && !_gone.Contains(grant.NamedCredentialId)
            && !_grants.Contains(grant.AppId, grant.NamedCredentialId))
        {
            _grants.Set(grant);
        }
    }

    /// <summary>What an external credential is now, since it was changed; null: it was deleted.</summary>
    public void Change(Guid id, ExternalCredential? now)
    {
        _changedExternalCredentials.Add(id);
        if (now is not null)
        {
            _definitions.Set(now);
        }
        else if (_definitions.FindExternalCredential(id) is { } known)
        {
            _definitions.Remove(known);
        }
    }

    /// <summary>What the named credential of a name is now, since it was changed; null: it was deleted.</summary>
    public void Change(string name, NamedCredential? now)
    {
        _changedNamedCredentials.Add(name);
        var known = _definitions.FindNamedCredential(name);
        if (known is not null && known.Id != now?.Id)
        {
            Forget(known.Id);
        }

        if (now is not null)
        {
            _definitions.Set(now);
        }
        else if (known is not null)
        {
            _definitions.Remove(known);
        }
    }

    /// <summary>What a grant is now, since it was changed; null: it was withdrawn.</summary>
    public void Change(Guid app, Guid namedCredential, Grant? now)
    {
        _changedGrants.Add((app, namedCredential));
        if (now is null)
        {
            _grants.Remove(app, namedCredential);
        }
        else
        {
            _grants.Set(now);
        }
    }

    /// <summary>What the grants of an app are now, since they were changed, or the app was deleted.</summary>
    public void Change(Guid app, IEnumerable<Grant> now)
    {
        // One that stays is never missed meanwhile.
        _changedApps.Add(app);
        var all = now.ToDictionary(grant => grant.NamedCredentialId);
        foreach (var gone in _grants.Table.Of(app).Where(grant => !all.ContainsKey(grant.NamedCredentialId)).ToList())
        {
            _grants.Remove(app, gone.NamedCredentialId);
        }

        foreach (var grant in all.Values)
        {
            _grants.Set(grant);
        }
    }

    /// <summary>Whether all that a callout is decided by is in it.</summary>
    public bool Has(string name, Guid app) => _definitions.FindNamedCredential(name) is { } named
        && _definitions.FindExternalCredential(named.ExternalCredentialId) is not null && _grants.Contains(app, named.Id);

    private void Forget(Guid namedCredential)
    {
        _gone.Add(namedCredential);
        _grants.RemoveNamedCredential(namedCredential);
    }
}
