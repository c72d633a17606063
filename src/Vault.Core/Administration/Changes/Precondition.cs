using Vault.Core.Primitives;

namespace Vault.Core.Administration.Changes;

/// <summary>What a change is conditional on (RFC 9110 section 13).</summary>
/// <param name="IfMatch">The entity tags of <c>If-Match</c>; <c>*</c> is any; null where the header is absent.</param>
/// <param name="IfNoneMatchAny">Whether <c>If-None-Match: *</c> was sent: only create.</param>
public sealed record Precondition(IReadOnlyList<string>? IfMatch, bool IfNoneMatchAny)
{
    /// <summary>No condition.</summary>
    public static Precondition None { get; } = new(null, false);

    /// <summary><c>precondition-failed</c>, or null where the change may go on.</summary>
    /// <param name="current">The entity tag of what is there; null where nothing is.</param>
    internal VaultError? Judge(string? current)
    {
        if (IfNoneMatchAny && current is not null)
        {
            return new VaultError(ErrorCodes.PreconditionFailed, "It exists already (If-None-Match: *).");
        }

        return IfMatch is null || (current is not null && (IfMatch.Contains("*") || IfMatch.Contains(current)))
            ? null
            : new VaultError(ErrorCodes.PreconditionFailed, "It was changed since it was read (If-Match); read it again.");
    }

    /// <summary>The same of what has no entity tag: <c>*</c> is whether it is there, and any tag is one that was never given.</summary>
    /// <param name="isThere">Whether it is.</param>
    internal VaultError? JudgeUntagged(bool isThere) => Judge(isThere ? "" : null);
}

/// <summary>A definition as it is read, with its strong entity tag.</summary>
/// <param name="Value">The read form.</param>
/// <param name="ETag">With its quotes.</param>
/// <param name="IsNew">Whether the change made it.</param>
public sealed record Tagged<T>(T Value, string ETag, bool IsNew = false) : IWritten;

/// <summary>The result of a change that may have made something.</summary>
public interface IWritten
{
    /// <summary>Whether it did.</summary>
    bool IsNew { get; }

    /// <summary>The status of the answer that tells of it.</summary>
    int Status => IsNew ? 201 : 200;
}

/// <summary>The result of a change of several things at once, each of which has a record of its own in the audit.</summary>
public interface IWrittenTogether
{
    /// <summary>What was changed, in order.</summary>
    IReadOnlyList<WrittenPart> Parts { get; }

    /// <summary>All of it in a few words; the target of the record that stands for the whole.</summary>
    string Summary { get; }
}

/// <summary>One of the things.</summary>
/// <param name="Action">As in <c>app.created</c>.</param>
/// <param name="Target">Its name, as it would stand in a route.</param>
/// <param name="Principal">The principal whose secrets they are; null: they are no secrets.</param>
public sealed record WrittenPart(string Action, string Target, string? Principal = null);

/// <summary>Entity tags: of one definition's life and version, so that one made anew under an old name has another.</summary>
internal static class EntityTag
{
    public static string Of(Guid id, long version) => $"\"{id.ToString("N")[..12]}-{version}\"";
}
