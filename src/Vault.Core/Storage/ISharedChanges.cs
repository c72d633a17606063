namespace Vault.Core.Storage;

/// <summary>What a change may be about, for the processes that have to read it anew.</summary>
public enum ChangeKind
{
    /// <summary>An external credential, by id.</summary>
    ExternalCredential,

    /// <summary>A named credential, by name key.</summary>
    NamedCredential,

    /// <summary>An app with its keys and all its grants, by id: it was deleted, or nobody knows what of it was changed.</summary>
    App,

    /// <summary>An app with its keys, by id. Its grants, of which there may be a million, stay as they were.</summary>
    AppKeys,

    /// <summary>A grant, by the ids of app and named credential with <c>/</c> between them.</summary>
    Grant,

    /// <summary>The keys of people, all of them.</summary>
    People,

    /// <summary>Secrets and tokens of an external credential, by id.</summary>
    Secrets,

    /// <summary>The vault keys, all of them.</summary>
    VaultKeys,
}

/// <summary>What was changed.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Which">Its id or name; empty: all.</param>
public readonly record struct Changed(ChangeKind Kind, string Which = "")
{
    /// <summary>A grant was changed.</summary>
    public static Changed Grant(Guid app, Guid namedCredential) => new(ChangeKind.Grant, $"{app}/{namedCredential}");
}

/// <summary>
/// Changes of processes that share a database: each is judged against what all of them have committed, and told to the others in its
/// own transaction. Not registered for a database that one process has to itself.
/// </summary>
public interface ISharedChanges
{
    /// <summary>Notes what is committed now; the snapshots are read after it. Once, at the start, while no other process starts.</summary>
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>Waits until no other process is changing anything, and puts in force what they did; nobody else changes anything until the transaction ends.</summary>
    /// <param name="database">With the transaction of the change.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<ISharedChange> EnterAsync(VaultDbContext database, CancellationToken cancellationToken);

    /// <summary>Tells the other processes, and this one's own caches, of a change that needs no judging, in a transaction of its own.</summary>
    Task TellAsync(Changed changed, CancellationToken cancellationToken);
}

/// <summary>A change under way.</summary>
public interface ISharedChange : IAsyncDisposable
{
    /// <summary>Waits until this process isn't reading what others changed, and keeps it from that until the change ends; before the turn of the audit, which everybody waits for.</summary>
    Task TakeTurnAsync(CancellationToken cancellationToken);

    /// <summary>Tells the others, once and only if the transaction is committed; the last thing before the commit, whatever there is to tell.</summary>
    Task PublishAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken);

    /// <summary>It is committed, and in force here.</summary>
    void Done();
}
