using Microsoft.EntityFrameworkCore;

namespace Vault.Core.Storage.Mappings;

/// <summary>All mappings, by name: a search of the assembly would load the libraries of clouds that nobody uses here.</summary>
internal static class VaultMappings
{
    public static void Apply(ModelBuilder model) => model
        .ApplyConfiguration(new ExternalCredentialMapping())
        .ApplyConfiguration(new NamedCredentialMapping())
        .ApplyConfiguration(new AppMapping())
        .ApplyConfiguration(new KeyMapping())
        .ApplyConfiguration(new GrantMapping())
        .ApplyConfiguration(new SecretMapping())
        .ApplyConfiguration(new TokenMapping())
        .ApplyConfiguration(new AuthorizationRequestMapping())
        .ApplyConfiguration(new VaultKeyMapping())
        .ApplyConfiguration(new KeyRingMapping())
        .ApplyConfiguration(new VaultFactMapping())
        .ApplyConfiguration(new OperationMapping())
        .ApplyConfiguration(new AuditMapping());
}
