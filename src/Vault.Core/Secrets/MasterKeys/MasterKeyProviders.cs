using Vault.Core.Secrets.MasterKeys.AwsKms;
using Vault.Core.Secrets.MasterKeys.AzureKeyVault;
using Vault.Core.Secrets.MasterKeys.Certificate;
using Vault.Core.Secrets.MasterKeys.File;
using Vault.Core.Secrets.MasterKeys.FromEnvironment;
using Vault.Core.Secrets.MasterKeys.Pkcs11;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>All providers. Each is made only where its name is set, so that nobody loads a cloud's library for a key in a file.</summary>
internal static class MasterKeyProviders
{
    private static readonly Dictionary<string, Func<MasterKeySettings, IMasterKeyProvider>> All = new(StringComparer.Ordinal)
    {
        ["file"] = settings => FileMasterKey.Read(settings),
        ["environment"] = settings => EnvironmentMasterKey.Read(settings),
        ["certificate"] = settings => CertificateMasterKey.Read(settings),
        ["awsKms"] = settings => AwsKmsMasterKey.Read(settings),
        ["azureKeyVault"] = settings => AzureKeyVaultMasterKey.Read(settings),
        ["pkcs11"] = settings => Pkcs11MasterKey.Read(settings),
    };

    /// <summary>Whether there is a provider of this name.</summary>
    public static bool IsKnown(string name) => All.ContainsKey(name);

    /// <summary>The provider that the settings name.</summary>
    /// <exception cref="VaultStartException">There is no such provider, or a setting of it is wrong; the message names the setting.</exception>
    public static IMasterKeyProvider Read(MasterKeySettings settings)
    {
        var name = settings.Find("Provider") ?? "file";
        return All.TryGetValue(name, out var make)
            ? make(settings)
            : throw settings.Bad("Provider", $"is '{name}', but must be one of {string.Join(", ", All.Keys)}");
    }
}
