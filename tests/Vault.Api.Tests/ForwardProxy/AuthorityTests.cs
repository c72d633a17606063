using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.ForwardProxy;
using Vault.Core.Secrets;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>What becomes of the authority over the years, among replicas, and under other vault keys.</summary>
public sealed class AuthorityTests
{
    [Fact]
    public async Task Authority_IsRenewedAYearAhead_AndWhoTrustsEitherTrustsBoth()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var vault = new VaultFactory();
        _ = vault.AdminClient;
        using var authority = ActivatorUtilities.CreateInstance<CertificateAuthority>(vault.Services, time);
        using var leaves = new LeafCertificates(authority, time);
        await authority.KeepAsync(CancellationToken.None);
        using var first = X509Certificate2.CreateFromPem(authority.Pem!);
        var early = leaves.For("service.example").TargetCertificate;

        time.Advance(TimeSpan.FromDays(365 * 4 - 1));
        await authority.KeepAsync(CancellationToken.None);
        Assert.Equal(first.Thumbprint, X509Certificate2.CreateFromPem(authority.Pem!).Thumbprint);
        Assert.Same(leaves.For("other.example"), leaves.For("other.example"));
        time.Advance(TimeSpan.FromDays(2));
        await authority.KeepAsync(CancellationToken.None);
        using var second = X509Certificate2.CreateFromPem(authority.Pem!);
        Assert.NotEqual(first.Thumbprint, second.Thumbprint);
        Assert.Equal((first.Subject, first.GetPublicKeyString()), (second.Subject, second.GetPublicKeyString()));
        Assert.True(second.NotAfter > first.NotAfter.AddYears(3));

        // The certificate of the host is a new one: the other's two days are long over.
        var late = leaves.For("service.example").TargetCertificate;
        Assert.NotEqual(early.Thumbprint, late.Thumbprint);
        foreach (var trusted in new[] { first, second })
        {
            using var chain = new X509Chain { ChainPolicy = ForwardProxyFixture.Trusting(trusted) };
            chain.ChainPolicy.VerificationTimeIgnored = false;
            chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
            Assert.True(chain.Build(late), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
            Assert.False(chain.Build(early));
        }
    }

    [Fact]
    public async Task Leaf_OfAClockThatWasAhead_IsMadeAnew()
    {
        var time = new JumpingTimeProvider(TimeProvider.System.GetUtcNow()) { Jump = TimeSpan.FromHours(5) };
        await using var vault = new VaultFactory();
        _ = vault.AdminClient;
        using var authority = ActivatorUtilities.CreateInstance<CertificateAuthority>(vault.Services, time);
        using var leaves = new LeafCertificates(authority, time);
        await authority.KeepAsync(CancellationToken.None);
        leaves.For("service.example");
        time.Jump = TimeSpan.Zero;
        var leaf = leaves.For("service.example").TargetCertificate;
        Assert.True(leaf.NotBefore.ToUniversalTime() < time.GetUtcNow().UtcDateTime);
        Assert.Same(leaf, leaves.For("service.example").TargetCertificate);
    }

    [Fact]
    public async Task Replicas_ThatStartTogether_HaveOneAuthority()
    {
        await using var vault = new VaultFactory();
        _ = vault.AdminClient;
        var replicas = Enumerable.Range(0, 6).Select(_ => ActivatorUtilities.CreateInstance<CertificateAuthority>(vault.Services)).ToArray();
        await Task.WhenAll(replicas.Select(replica => Task.Run(() => replica.KeepAsync(CancellationToken.None))));
        Assert.Single(replicas.Select(replica => replica.Pem).Distinct());
        Assert.All(replicas, replica => replica.Dispose());
    }

    [Fact]
    public async Task Authority_IsMovedByARewrap_AndLookedAtByAVerification()
    {
        await using var vault = new VaultFactory(forwardPort: FreePort.Find());
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/rotate");
        var (authority, store, sealer) = (vault.Services.GetRequiredService<CertificateAuthority>(), vault.Services.GetRequiredService<IAuthorityStore>(), vault.Services.GetRequiredService<SecretSealer>());
        var pem = authority.Pem;
        Assert.Equal((true, 1), await VerdictAsync());
        var operation = (string)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/rewrap"))!["id"]!;
        while ((string?)(await vault.AdminAsync(HttpMethod.Get, "/api/v1/operations/" + operation))!["status"] == "running")
        {
        }

        var stored = (await store.FindAsync(CancellationToken.None))!;
        Assert.True(sealer.IsUnderActiveKey(stored));
        Assert.Equal((true, 0), await VerdictAsync());
        await authority.KeepAsync(CancellationToken.None);
        Assert.Equal(pem, authority.Pem);

        byte[] changed = [.. stored];
        changed[^1] ^= 1;
        Assert.True(await store.TryReplaceAsync(stored, changed, CancellationToken.None));
        var verdict = await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify");
        Assert.Equal("forwardProxyAuthority", (string?)verdict!["problems"]!.AsArray().Single()!["kind"]);

        async Task<(bool, int)> VerdictAsync()
        {
            var found = await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify");
            return ((bool)found!["valid"]!, (int)found["underOlderKeys"]!);
        }
    }

    [Fact]
    public async Task Authority_WhoseRowWasDeletedMeanwhile_IsMadeAnewAtTheStart()
    {
        var directory = Directory.CreateTempSubdirectory("vault-authority-").FullName;
        try
        {
            var before = await PemAsync();
            Assert.Equal(before, await PemAsync());
            await TestDatabase.ExecuteAsync(directory, "DELETE FROM facts WHERE \"Name\" = 'forward-proxy-authority'");
            Assert.NotEqual(before, await PemAsync());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        async Task<string> PemAsync()
        {
            await using var vault = new VaultFactory(dataDirectory: directory, forwardPort: FreePort.Find());
            using var client = vault.CreateClient(null);
            return await client.GetStringAsync("/api/v1/forward-proxy/ca.pem");
        }
    }

    [Fact]
    public async Task Authority_ThatWasChangedInTheDatabase_IsRefused()
    {
        await using var vault = new VaultFactory(forwardPort: FreePort.Find());
        _ = vault.AdminClient;
        var (authority, store) = (vault.Services.GetRequiredService<CertificateAuthority>(), vault.Services.GetRequiredService<IAuthorityStore>());
        var stored = (await store.FindAsync(CancellationToken.None))!;
        byte[] changed = [.. stored];
        changed[^1] ^= 1;
        Assert.False(await store.TryReplaceAsync(changed, stored, CancellationToken.None));
        Assert.True(await store.TryReplaceAsync(stored, changed, CancellationToken.None));
        var pem = authority.Pem;
        await Assert.ThrowsAsync<VaultStartException>(() => authority.KeepAsync(CancellationToken.None));
        Assert.Equal(pem, authority.Pem);
    }
}
