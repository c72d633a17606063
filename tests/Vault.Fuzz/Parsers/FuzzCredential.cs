using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;

namespace Vault.Fuzz.Parsers;

/// <summary>External credentials over the real protocols and a real sealer.</summary>
internal sealed class FuzzCredential
{
    private static readonly Lazy<AuthenticationProtocols> Registered = new(() =>
        new ServiceCollection().AddVaultAuthentication().BuildServiceProvider().GetRequiredService<AuthenticationProtocols>());

    private static readonly Lazy<SecretSealer> Sealer = new(() =>
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        return new SecretSealer(ring, TimeProvider.System);
    });

    /// <summary>Binds settings that are right.</summary>
    public FuzzCredential(string authentication)
    {
        var definition = new ExternalCredential
        {
            Id = Guid.NewGuid(),
            Name = DeveloperName.Parse("ServiceLogin"),
            Authentication = JsonSerializer.Deserialize<JsonElement>(authentication),
            AllowedHosts = [AllowedHost.Parse("service.example").Value!],
            Principals = [new Principal(Guid.NewGuid(), DeveloperName.Parse("default"), 1)],
            Version = 1,
            CreatedAt = default,
            UpdatedAt = default,
        };
        Bound = new CredentialBinder(Protocols).Bind(definition).Value ?? throw new InvalidOperationException(authentication);
        Parameters = Set(("Username", "service-user"), ("Password", "Canary-Password-1"), ("ClientId", "client-7"), ("ClientSecret", "Canary-Client-Secret-2"),
            ("AccessKeyId", "AKIDEXAMPLE"), ("SecretAccessKey", "Canary-Access-Key-3"), ("RefreshToken", "Canary-Refresh-Token-4"));
    }

    /// <summary>The registered protocols.</summary>
    public static AuthenticationProtocols Protocols => Registered.Value;

    /// <summary>The credential.</summary>
    public BoundCredential Bound { get; }

    /// <summary>Parameters of every protocol.</summary>
    public CredentialSet Parameters { get; }

    /// <summary>Other parameters for it.</summary>
    public CredentialSet Set(params (string Name, string Value)[] values)
    {
        var principal = Bound.Definition.Principals[0].Id;
        return new CredentialSet(Sealer.Value, Bound, principal, "", [.. values.Select(value =>
        {
            var id = Guid.NewGuid();
            var place = new SealPlace("parameter", id, Bound.Definition.Id, principal, "", value.Name.ToLowerInvariant(), 1, Bound.Binding);
            using var secret = new SecretText(value.Value);
            return new SealedParameter(id, "", value.Name, 1, Sealer.Value.Seal(place, secret.RevealUtf8()), default, null);
        })]);
    }
}
