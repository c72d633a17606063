using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>Reads <c>$Family.Name</c> and <c>$Credential.Name.Name</c>.</summary>
internal static class ReferenceParser
{
    private const int LongestShown = 100;

    public static Result<MergeReference> Parse(string written, bool isKey)
    {
        var parts = written[1..].Split('.');
        if (Family(parts[0]) is not { } kind)
        {
            return MergeErrors.Invalid($"unknown reference {Show(written)}: only $Credential, $Token, $Request and $User are known");
        }

        if (parts.Length < 2 || parts.Length > (kind is MergeReferenceKind.Credential ? 3 : 2))
        {
            return MergeErrors.Invalid($"{Show(written)} is not a reference: {(kind is MergeReferenceKind.Credential ? "$Credential takes one or two names" : $"${kind} takes one name")}");
        }

        if (parts.Skip(1).Any(part => !DeveloperName.TryParse(part, out _)))
        {
            return MergeErrors.Invalid($"{Show(written)} is not a reference: a name {DeveloperName.Rule}");
        }

        if (kind is MergeReferenceKind.User && !parts[1].Equals("Id", StringComparison.OrdinalIgnoreCase))
        {
            return MergeErrors.Invalid($"unknown reference {Show(written)}: $User has only Id");
        }

        return new MergeReference(kind, parts.Length == 3 ? parts[1] : null, parts[^1], isKey);
    }

    private static MergeReferenceKind? Family(string name) => name.ToUpperInvariant() switch
    {
        "CREDENTIAL" => MergeReferenceKind.Credential,
        "TOKEN" => MergeReferenceKind.Token,
        "REQUEST" => MergeReferenceKind.Request,
        "USER" => MergeReferenceKind.User,
        _ => null,
    };

    private static string Show(string written) => written.Length <= LongestShown ? written : written[..LongestShown] + "…";
}
