using Vault.Core.Storage;

namespace Vault.Core.Administration.Changes;

/// <summary>
/// What a change wrote beside what it is about: the external credential that a named credential's inline <c>authentication</c> makes, changes or
/// takes along, the one that a first link sets <c>allowedHosts</c> of, and secret values. Who searches the audit for those finds them.
/// </summary>
internal static class ByTheWay
{
    private const string ExternalCredential = "external-credential";

    /// <summary>Those that have no record yet.</summary>
    /// <param name="draft">The change, when all of it is written.</param>
    /// <param name="told">What has one.</param>
    public static IEnumerable<WrittenPart> Of(Draft draft, IReadOnlyCollection<WrittenPart> told) =>
        draft.Changed.Where(changed => changed.Kind is ChangeKind.ExternalCredential)
            .Select(changed => Of(draft, Guid.Parse(changed.Which)))
            .OfType<WrittenPart>()
            .Where(part => !told.Any(one => one.Action.StartsWith(ExternalCredential + ".", StringComparison.Ordinal) && IsOfSame(one, part)))
            .Concat(draft.Besides.Where(part => !told.Any(one => one.Action == part.Action && IsOfSame(one, part))));

    private static WrittenPart? Of(Draft draft, Guid id)
    {
        var (before, after) = (draft.Before.ExternalCredentials.GetValueOrDefault(id), draft.Definitions.ExternalCredentials.GetValueOrDefault(id));
        var verb = before is null ? "created" : after is null ? "deleted" : "updated";
        return (after ?? before) is { } one && !ReferenceEquals(before, after) ? new WrittenPart($"{ExternalCredential}.{verb}", one.Name.Value) : null;
    }

    private static bool IsOfSame(WrittenPart one, WrittenPart other) => one.Target.Equals(other.Target, StringComparison.OrdinalIgnoreCase);
}
