using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Audit;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Tests.Audit;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>The parts of authentication over a real sealer and a clock that stands still.</summary>
internal sealed class Authenticating
{
    private static readonly Lazy<AuthenticationProtocols> Registered = new(() =>
        new ServiceCollection().AddVaultAuthentication().BuildServiceProvider().GetRequiredService<AuthenticationProtocols>());

    public Authenticating()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        Sealer = new SecretSealer(ring, Time);
        Binder = new CredentialBinder(Protocols);
        var key = new IntegrityKey(ring);
        References = new ReferencedParameters(SecretSources.None, Sealer, key, Time, NullLogger<ReferencedParameters>.Instance);
        Audit = new AuditParts("", key, new ListAuditStore([]), Time).Log;
    }

    public static AuthenticationProtocols Protocols => Registered.Value;

    public JumpingTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 4, 0, 0, TimeSpan.Zero));

    public SecretSealer Sealer { get; }

    /// <summary>No source to refer to.</summary>
    public ReferencedParameters References { get; }

    /// <summary>Takes records; nobody writes them.</summary>
    public AuditLog Audit { get; }

    public CredentialBinder Binder { get; }

    public Guid Principal { get; } = Guid.NewGuid();

    public static JsonElement Json(string json) => JsonSerializer.Deserialize<JsonElement>(json);

    public static ExternalCredential Definition(string authentication, params string[] allowedHosts) => new()
    {
        Id = Guid.NewGuid(),
        Name = DeveloperName.Parse("ServiceLogin"),
        Authentication = Json(authentication),
        AllowedHosts = allowedHosts.Length == 0 ? null : [.. allowedHosts.Select(host => AllowedHost.Parse(host).Value!)],
        Principals = [new Principal(Guid.NewGuid(), DeveloperName.Parse("default"), 1)],
        Version = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };

    public BoundCredential Bind(string authentication, params string[] allowedHosts)
    {
        var bound = Binder.Bind(Definition(authentication, allowedHosts));
        Assert.True(bound.IsOk, string.Join("; ", bound.Error?.Errors?.Select(error => error.Key + " " + string.Join(' ', error.Value)) ?? []));
        return bound.Value;
    }

    public SealedParameter Seal(BoundCredential credential, string name, string value, DateTimeOffset? retiredAt = null, string user = "", Guid? principal = null)
    {
        var id = Guid.NewGuid();
        var place = new SealPlace("parameter", id, credential.Definition.Id, principal ?? Principal, user, name.ToLowerInvariant(), 1, credential.Binding);
        using var secret = new SecretText(value);
        return new SealedParameter(id, user, name, 1, Sealer.Seal(place, secret.RevealUtf8()), Time.GetUtcNow(), retiredAt);
    }

    public CredentialSet Set(BoundCredential credential, params (string Name, string Value)[] parameters) =>
        new(Sealer, credential, Principal, "", [.. parameters.Select(parameter => Seal(credential, parameter.Name, parameter.Value))]);

    /// <summary>A sign-in whose requests are answered by <paramref name="service"/>.</summary>
    public TokenAcquisition Acquisition(BoundCredential credential, FakeService service, string? url, params (string Name, string Value)[] parameters) => new(
        credential, Set(credential, parameters), "", url, new HttpMessageInvoker(service),
        target => credential.Definition.AllowedHosts?.Any(host => host.Matches(target)) is true ? null : "is not in allowedHosts", Time);

    public static HttpResponseMessage Answer(string body, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new StringContent(body) };
}
