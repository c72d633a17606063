using System.Diagnostics.CodeAnalysis;

namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>A metadata file.</summary>
/// <param name="Path">As it is shown: relative to what was imported.</param>
/// <param name="Kind">What it defines.</param>
/// <param name="Name">The name of what it defines (its <c>fullName</c>), as Salesforce has it; may begin with a namespace.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record MetadataFile(string Path, MetadataKind Kind, string Name, ReadOnlyMemory<byte> Content)
{
    // What sfdx projects add a -meta.xml to, and packages of the Metadata API don't.
    private static readonly (string Suffix, MetadataKind Kind)[] Suffixes =
    [
        (".namedCredential", MetadataKind.NamedCredential),
        (".externalCredential", MetadataKind.ExternalCredential),
        (".authprovider", MetadataKind.AuthProvider),
        (".externalAuthIdentityProvider", MetadataKind.IdentityProvider),
        (".permissionset", MetadataKind.Permissions),
        (".profile", MetadataKind.Permissions),
        (".remoteSite", MetadataKind.RemoteSite),
        (".cspTrustedSite", MetadataKind.RemoteSite),
    ];

    /// <summary>What a file of this name defines; false where an import has nothing to do with it.</summary>
    public static bool TryIdentify(string fileName, out MetadataKind kind, [NotNullWhen(true)] out string? name)
    {
        const string Meta = "-meta.xml";
        var bare = fileName.EndsWith(Meta, StringComparison.OrdinalIgnoreCase) ? fileName[..^Meta.Length] : fileName;
        foreach (var (suffix, found) in Suffixes)
        {
            if (bare.Length > suffix.Length && bare.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                kind = found;
                // Names of profiles and permission sets are percent-encoded in file names.
                name = Uri.UnescapeDataString(bare[..^suffix.Length]);
                return true;
            }
        }

        kind = default;
        name = null;
        return false;
    }

    /// <summary>What a file with this root element defines; for a file of any name.</summary>
    public static MetadataKind? KindOf(string root) => root switch
    {
        "NamedCredential" => MetadataKind.NamedCredential,
        "ExternalCredential" => MetadataKind.ExternalCredential,
        "AuthProvider" => MetadataKind.AuthProvider,
        "ExternalAuthIdentityProvider" => MetadataKind.IdentityProvider,
        "PermissionSet" or "Profile" => MetadataKind.Permissions,
        "RemoteSiteSetting" or "CspTrustedSite" => MetadataKind.RemoteSite,
        _ => null,
    };
}
