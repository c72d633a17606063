using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.ForwardProxy;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>The authority and what it issues, as a client sees them.</summary>
public sealed class CertificateTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    [Fact]
    public async Task Authority_IsServedWithoutAKey_AndSaysWhatItMayDo()
    {
        using var client = fixture.Vault.CreateClient(null);
        using var response = await client.GetAsync("/api/v1/forward-proxy/ca.pem");
        Assert.Equal("application/x-pem-file", response.Content.Headers.ContentType?.MediaType);
        var pem = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("PRIVATE", pem, StringComparison.Ordinal);
        using var authority = X509Certificate2.CreateFromPem(pem);
        Assert.Equal("1.2.840.10045.3.1.7", authority.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.Value);
        var constraints = authority.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.Equal((true, true, 0, true), (constraints.CertificateAuthority, constraints.HasPathLengthConstraint, constraints.PathLengthConstraint, constraints.Critical));
        Assert.Equal(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, authority.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.Contains(await fixture.AuditAsync("action=forward-proxy.authority.created"), record => (string?)record!["actor"] == "vault");
    }

    [Theory]
    [InlineData(ForwardProxyFixture.Host)]
    [InlineData("127.0.0.1")]
    public async Task Leaf_IsForExactlyThisHost_AndShort_WhateverTheHandshakeNames(string host)
    {
        var url = host == ForwardProxyFixture.Host ? fixture.SecureUrl : fixture.Plain.Url;
        var name = await fixture.DefineAsync(url);
        var (stream, _) = await fixture.ConnectAsync(new Uri(url).Authority, ForwardProxyFixture.Basic(await fixture.AppAsync(name)));
        await using var tunnel = stream;
        await using var tls = await fixture.SecureAsync(stream, host);
        using var leaf = new X509Certificate2((X509Certificate2)tls.RemoteCertificate!);
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal([host], names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())));
        Assert.Equal(["1.3.6.1.5.5.7.3.1"], leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value));
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.InRange(leaf.NotAfter - leaf.NotBefore, TimeSpan.FromHours(1), TimeSpan.FromDays(3));
        Assert.Equal(fixture.Authority.Subject, leaf.Issuer);

        // Another name in the handshake gets the same certificate, and a client that looks at it goes no further.
        var (other, _) = await fixture.ConnectAsync(new Uri(url).Authority, ForwardProxyFixture.Basic(await fixture.AppAsync(name)));
        await using var second = other;
        await Assert.ThrowsAsync<AuthenticationException>(() => fixture.SecureAsync(other, "bank.example"));
    }

    [Fact]
    public async Task Authority_IsSealed_AndOutlivesARestart()
    {
        var directory = Directory.CreateTempSubdirectory("vault-test-").FullName;
        try
        {
            string first;
            await using (var vault = fixture.Start(FreePort.Find(), directory))
            {
                using var client = vault.CreateClient(null);
                first = await client.GetStringAsync("/api/v1/forward-proxy/ca.pem");
            }

            // Not so much as the certificate stands in the files as it is.
            using var authority = X509Certificate2.CreateFromPem(first);
            foreach (var file in PostgreSqlServer.IsWanted ? [] : Directory.EnumerateFiles(directory, "vault.db*"))
            {
                Assert.Equal(-1, (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(authority.GetPublicKey()));
            }

            await using (var vault = fixture.Start(FreePort.Find(), directory))
            {
                using var client = vault.CreateClient(null);
                Assert.Equal(first, await client.GetStringAsync("/api/v1/forward-proxy/ca.pem"));
                Assert.Single(await fixture.AuditAsync("action=forward-proxy.authority.created", vault));
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task WithoutAForwardProxy_ThereIsNoAuthority()
    {
        await using var vault = new VaultFactory();
        using var client = vault.CreateClient(null);
        using var response = await client.GetAsync("/api/v1/forward-proxy/ca.pem");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(["not-found"], response.Headers.GetValues("X-Vault-Error"));
        Assert.Empty(await fixture.AuditAsync("action=forward-proxy.authority.created", vault));
    }

    [Fact]
    public async Task ManyHosts_KeepABoundedNumberOfCertificates()
    {
        _ = fixture.Vault.AdminClient;
        var certificates = fixture.Vault.Services.GetRequiredService<LeafCertificates>();
        foreach (var i in Enumerable.Range(0, LeafCertificates.Most * 3))
        {
            certificates.For($"h{i}.example");
            certificates.For("used.example");
        }

        Assert.Equal(LeafCertificates.Most, certificates.Count);
        Assert.Same(certificates.For("used.example"), certificates.For("used.example"));

        // What was forgotten is made again, and works.
        var name = await fixture.DefineAsync(fixture.SecureUrl);
        using var client = fixture.Client(await fixture.AppAsync(name));
        using var response = await client.GetAsync(fixture.SecureUrl + "/again");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
