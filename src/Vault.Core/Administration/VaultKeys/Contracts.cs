using Vault.Core.Administration.Changes;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>A vault key, as it is read: never the key itself.</summary>
/// <param name="Id">Its id, which sealed values name.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Active">Whether new values are sealed under it; one is.</param>
public sealed record VaultKeyView(string Id, DateTimeOffset CreatedAt, bool Active);

/// <summary>An operation that was begun, or goes on already.</summary>
/// <param name="Id">As in <c>/api/v1/operations/{id}</c>.</param>
public sealed record OperationStarted(string Id) : IWritten
{
    bool IWritten.IsNew => false;

    int IWritten.Status => 202;
}

/// <summary>Work that goes on after its request was answered.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind"><c>keys.rewrap</c>.</param>
/// <param name="Status"><c>running</c>, <c>completed</c> or <c>failed</c>.</param>
/// <param name="Done">How many sealed values were looked at.</param>
/// <param name="Total">How many there were when it began.</param>
/// <param name="Unreadable">How many could not be opened, and were left as they are.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it ended; null: it runs.</param>
/// <param name="Detail">Why it failed.</param>
public sealed record OperationView(
    string Id, string Kind, string Status, long Done, long Total, long Unreadable, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, string? Detail);

/// <summary>What came of opening everything.</summary>
/// <param name="Valid">Whether all is well.</param>
/// <param name="Opened">How many sealed values could be opened: parameters, tokens, pending consents, replaced ones included.</param>
/// <param name="Authentic">How many definitions, apps, keys and grants are as the vault wrote them.</param>
/// <param name="Failed">How many of either are not.</param>
/// <param name="Outdated">How many pending consents were asked for under settings that changed since: intact, and of no use any more.</param>
/// <param name="UnderOlderKeys">How many sealed values aren't under the active vault key; a rewrap moves them to it.</param>
/// <param name="Problems">The first 100 of those that failed.</param>
public sealed record KeyVerdict(bool Valid, long Opened, long Authentic, long Failed, long Outdated, long UnderOlderKeys, IReadOnlyList<KeyProblem> Problems);

/// <summary>Something that can't be opened, or isn't authentic.</summary>
/// <param name="Kind"><c>vaultKey</c>, <c>externalCredential</c>, <c>namedCredential</c>, <c>app</c>, <c>key</c>, <c>grant</c>, <c>parameter</c>, <c>token</c>, <c>authorization</c> or <c>forwardProxyAuthority</c>.</param>
/// <param name="Id">Of the row.</param>
/// <param name="Problem">In words.</param>
public sealed record KeyProblem(string Kind, string Id, string Problem);
