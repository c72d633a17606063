namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>The kinds of metadata that an import looks at.</summary>
internal enum MetadataKind
{
    /// <summary>NamedCredential.</summary>
    NamedCredential,

    /// <summary>ExternalCredential.</summary>
    ExternalCredential,

    /// <summary>AuthProvider: where legacy named credentials and browser flows get their tokens.</summary>
    AuthProvider,

    /// <summary>ExternalAuthIdentityProvider: the same, since API 62.</summary>
    IdentityProvider,

    /// <summary>PermissionSet or Profile: who may use which principal.</summary>
    Permissions,

    /// <summary>RemoteSiteSetting or CspTrustedSite: has no meaning for a vault.</summary>
    RemoteSite,
}
