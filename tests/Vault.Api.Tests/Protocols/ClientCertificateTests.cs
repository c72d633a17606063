using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>Mutual TLS: client certificates from parameters, connections of their own, and further trusted certificates.</summary>
public sealed class ClientCertificateTests : IAsyncLifetime
{
    private readonly RSA _caKey = RSA.Create(2048);
    private readonly VaultFactory _vault = new();
    private X509Certificate2 _ca = null!;
    private X509Certificate2 _server = null!;
    private WebApplication _app = null!;
    private string _url = "";

    public async Task InitializeAsync()
    {
        var request = new CertificateRequest("CN=Test CA", _caKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _ca = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(90));
        using var serverKey = RSA.Create(2048);
        using var server = Issue("localhost", serverKey, "1.3.6.1.5.5.7.3.1");
        _server = X509CertificateLoader.LoadPkcs12(server.Export(X509ContentType.Pkcs12), null);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = _server,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (certificate, _, _) => certificate.Issuer == "CN=Test CA",
        })));
        _app = builder.Build();
        _app.Run(context => context.Response.WriteAsync($"{context.Connection.ClientCertificate?.Subject ?? "nobody"} on {context.Connection.Id}"));
        await _app.StartAsync();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _url = "https://localhost:" + new Uri(address).Port;
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _app.DisposeAsync();
        _ca.Dispose();
        _server.Dispose();
        _caKey.Dispose();
    }

    [Fact]
    public async Task Certificate_IsPresented_AsPemOrPkcs12_AndNeverOverAnothersConnection()
    {
        using var annKey = RSA.Create(2048);
        using var ann = Issue("ann", annKey, "1.3.6.1.5.5.7.3.2");
        using var bobKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bob = Issue("bob", bobKey, "1.3.6.1.5.5.7.3.2");
        var pem = new JsonObject { ["Cert"] = ann.ExportCertificatePem(), ["CertKey"] = annKey.ExportPkcs8PrivateKeyPem() };
        var pkcs12 = new JsonObject { ["Store"] = Convert.ToBase64String(bob.Export(X509ContentType.Pkcs12, "the-store-password")), ["StorePassword"] = "the-store-password" };
        var first = await DefineAsync("Ann", pem, """{ "certificate": "Cert", "privateKey": "CertKey" }""");
        var second = await DefineAsync("Bob", pkcs12, """{ "pkcs12": "Store", "password": "StorePassword" }""");
        var third = await DefineAsync("Nobody", [], null);
        var answers = new List<string>();
        foreach (var (app, name) in new[] { (first, "Ann"), (second, "Bob"), (third, "Nobody"), (first, "Ann") })
        {
            var response = await app.GetAsync($"/callout/{name}/x");
            answers.Add(await response.Content.ReadAsStringAsync());
            Assert.True(response.IsSuccessStatusCode, answers[^1]);
        }

        Assert.StartsWith("CN=ann on ", answers[0], StringComparison.Ordinal);
        Assert.StartsWith("CN=bob on ", answers[1], StringComparison.Ordinal);
        Assert.StartsWith("nobody on ", answers[2], StringComparison.Ordinal);
        Assert.Equal(answers[0], answers[3]);
    }

    [Fact]
    public async Task Server_ThatIsNotTrusted_OrACertificateThatCantBeRead_SendsNothing()
    {
        var app = await DefineAsync("Untrusting", [], null, trusts: false);
        var untrusted = await app.GetAsync("/callout/Untrusting/x");
        Assert.Equal("upstream-unreachable", Assert.Single(untrusted.Headers.GetValues("X-Vault-Error")));
        app = await DefineAsync("Broken", new JsonObject { ["Cert"] = "no-certificate", ["CertKey"] = "no-key" }, """{ "certificate": "Cert", "privateKey": "CertKey" }""");
        var broken = await app.GetAsync("/callout/Broken/x");
        Assert.Equal("credential-not-configured", Assert.Single(broken.Headers.GetValues("X-Vault-Error")));
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/external-credentials/BrokenLogin/principals/default/credential");
        Assert.Contains("Cert", await (await app.GetAsync("/callout/Broken/x")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "certificate": "A" }""", null, "$.clientCertificate")]
    [InlineData("""{ "pkcs12": "A", "certificate": "B", "privateKey": "C" }""", null, "$.clientCertificate")]
    [InlineData("""{ "certificate": "A b", "privateKey": "C" }""", null, "$.clientCertificate.certificate")]
    [InlineData(null, "not pem", "$.serverCertificates")]
    public async Task Settings_ThatMakeNoSense_AreRefused(string? client, string? server, string path)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Refused", "url": "{{_url}}", "authentication": { "protocol": "none" }, "clientCertificate": {{client ?? "null"}}, "serverCertificates": {{(server is null ? "null" : $"\"{server}\"")}} }
            """));
        Assert.Contains($"\"{path}\"", error.Message, StringComparison.Ordinal);
    }

    private async Task<HttpClient> DefineAsync(string name, JsonObject parameters, string? clientCertificate, bool trusts = true)
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{name}}Login", "authentication": { "protocol": "custom" }, "allowedHosts": ["{{_url}}"] }""");
        if (parameters.Count > 0)
        {
            await _vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{name}Login/principals/default/credential", new JsonObject { ["parameters"] = parameters }.ToJsonString());
        }

        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{_url}}", "externalCredential": "{{name}}Login", "clientCertificate": {{clientCertificate ?? "null"}},
              "serverCertificates": {{(trusts ? JsonValue.Create(_ca.ExportCertificatePem()).ToJsonString() : "null")}} }
            """);
        return _vault.CreateClient(await _vault.CreateAppAsync(name + "App", name));
    }

    private X509Certificate2 Issue(string name, AsymmetricAlgorithm key, string usage)
    {
        var request = key is RSA rsa
            ? new CertificateRequest("CN=" + name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=" + name, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_ca.SubjectName, X509SignatureGenerator.CreateForRSA(_caKey, RSASignaturePadding.Pkcs1), _ca.NotBefore, _ca.NotAfter, RandomNumberGenerator.GetBytes(8));
        return key is RSA own ? issued.CopyWithPrivateKey(own) : issued.CopyWithPrivateKey((ECDsa)key);
    }
}
