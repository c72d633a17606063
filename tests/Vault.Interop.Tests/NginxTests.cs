using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>nginx: <c>ssl_verify_client</c>, and headers that it compares.</summary>
public sealed class NginxTests : InteropBench
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vault-nginx-");
    private readonly RSA _caKey = RSA.Create(2048);
    private readonly int _port = FreePort.Find();
    private X509Certificate2 _ca = null!;
    private PeerProcess _nginx = null!;

    public override async Task InitializeAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest("CN=Test CA", _caKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _ca = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        using var key = RSA.Create(2048);
        using var server = Issue("localhost", key, "1.3.6.1.5.5.7.3.1");
        await WriteAsync("ca.pem", _ca.ExportCertificatePem());
        await WriteAsync("server.pem", server.ExportCertificatePem());
        await WriteAsync("server.key", key.ExportPkcs8PrivateKeyPem());
        await WriteAsync("nginx.conf", $$"""
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log stderr;
            events { }
            http {
              access_log off;
              client_body_temp_path body;
              proxy_temp_path proxy;
              fastcgi_temp_path fastcgi;
              uwsgi_temp_path uwsgi;
              scgi_temp_path scgi;
              server {
                listen 127.0.0.1:{{_port}} ssl;
                ssl_certificate server.pem;
                ssl_certificate_key server.key;
                ssl_client_certificate ca.pem;
                ssl_verify_client optional;
                location /mtls {
                  if ($ssl_client_verify != SUCCESS) { return 403; }
                  return 200 "$ssl_client_s_dn $request_method";
                }
                location /bearer {
                  if ($http_authorization != "Bearer the-issued-token") { return 401; }
                  return 200 "ok";
                }
                location /key {
                  if ($http_x_api_key != "Key the-api-key") { return 401; }
                  return 200 "ok";
                }
                location /query {
                  if ($arg_api_key != "the-api-key") { return 401; }
                  return 200 "ok";
                }
                location /cookie {
                  if ($cookie_key != "the-api-key") { return 401; }
                  return 200 "ok";
                }
                location /custom {
                  if ($http_x_signature != "Y2xpZW50LTc6R0VU") { return 401; }
                  return 200 "ok";
                }
                location /open { return 200 "ok"; }
              }
            }
            """);
        _nginx = await PeerProcess.ServerAsync(_port, "/usr/sbin/nginx", "-p", _folder.FullName, "-c", Path.Combine(_folder.FullName, "nginx.conf"));
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _nginx.DisposeAsync();
        _ca.Dispose();
        _caKey.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientCertificate_IsVerified(bool isPem)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue("ann", key, "1.3.6.1.5.5.7.3.2");
        var parameters = isPem
            ? new JsonObject { ["Cert"] = certificate.ExportCertificatePem(), ["CertKey"] = key.ExportPkcs8PrivateKeyPem() }
            : new JsonObject { ["Store"] = Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12, "store-password")), ["StorePassword"] = "store-password" };
        var names = isPem
            ? new JsonObject { ["certificate"] = "Cert", ["privateKey"] = "CertKey" }
            : new JsonObject { ["pkcs12"] = "Store", ["password"] = "StorePassword" };
        await DefineAtAsync("/mtls", new JsonObject { ["protocol"] = "none" }, parameters, new JsonObject { ["clientCertificate"] = names });
        Assert.Equal("CN=ann GET", await TextAsync());
        Assert.Equal("CN=ann POST", await TextAsync("{}"));
    }

    [Fact]
    public async Task NoCertificate_IsTheServersRefusal()
    {
        await DefineAtAsync("/mtls", new JsonObject { ["protocol"] = "none" }, []);
        using var response = await SendAsync("/x");
        Assert.Equal(403, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("X-Vault-Error"));
    }

    [Theory]
    [InlineData("/open", """{ "protocol": "none" }""", "{}")]
    [InlineData("/bearer", """{ "protocol": "bearer" }""", """{ "Token": "the-issued-token" }""")]
    [InlineData("/key", """{ "protocol": "apiKey", "in": "header", "parameterName": "X-Api-Key", "prefix": "Key " }""", """{ "ApiKey": "the-api-key" }""")]
    [InlineData("/query", """{ "protocol": "apiKey", "in": "query", "parameterName": "api_key" }""", """{ "ApiKey": "the-api-key" }""")]
    [InlineData("/cookie", """{ "protocol": "apiKey", "in": "cookie", "parameterName": "key" }""", """{ "ApiKey": "the-api-key" }""")]
    public async Task Key_ArrivesWhereTheServerLooks(string path, string authentication, string parameters)
    {
        await DefineAtAsync(path, JsonNode.Parse(authentication)!.AsObject(), JsonNode.Parse(parameters)!.AsObject());
        Assert.Equal("ok", await TextAsync());
        Assert.Equal("ok", await TextAsync("{}"));
    }

    [Fact]
    public async Task CustomHeader_IsComputed()
    {
        await DefineAtAsync("/custom", new JsonObject { ["protocol"] = "custom" }, new JsonObject { ["Client"] = "client-7" }, new JsonObject
        {
            ["customHeaders"] = new JsonArray(new JsonObject { ["name"] = "X-Signature", ["value"] = "{!BASE64ENCODE($Credential.Client & ':' & $Request.Method)}" }),
        });
        Assert.Equal("ok", await TextAsync());
    }

    private Task DefineAtAsync(string path, JsonObject authentication, JsonObject parameters, JsonObject? named = null)
    {
        named ??= [];
        named["serverCertificates"] = _ca.ExportCertificatePem();
        return DefineAsync($"https://localhost:{_port}{path}", authentication, parameters, named);
    }

    private async Task<string> TextAsync(string? body = null)
    {
        using var response = await SendAsync("/x", body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return text;
    }

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(_folder.FullName, name), text);

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
