namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>What an import reads at most, so that a hostile or a wrong file can't take the machine with it.</summary>
internal static class SourceLimits
{
    /// <summary>Of one file, in bytes: profiles of large orgs have a few MiB.</summary>
    public const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>Of all files that are kept, in bytes; profiles and permission sets that say nothing of credentials aren't.</summary>
    public const long MaxKeptBytes = 256L * 1024 * 1024;

    /// <summary>Of all files that are looked into, in bytes.</summary>
    public const long MaxReadBytes = 8L * 1024 * 1024 * 1024;

    /// <summary>Metadata files.</summary>
    public const int MaxFiles = 20_000;

    /// <summary>Entries of a zip, and of a directory tree, of any kind.</summary>
    public const int MaxEntries = 500_000;
}
