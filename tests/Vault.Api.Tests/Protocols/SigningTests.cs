using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Core.Authentication.Protocols.Digest;
using Vault.Core.Authentication.Signing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Protocols;

/// <summary>Protocols that sign or answer a challenge, against stand-ins that verify.</summary>
public sealed class SigningTests : ProtocolBench
{
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"];

    public static TheoryData<string> JwtAlgorithms => [.. Algorithms];

    [Theory]
    [MemberData(nameof(JwtAlgorithms))]
    public async Task Jwt_OfEachAlgorithm_Verifies(string algorithm)
    {
        var hash = algorithm[2..] switch { "256" => HashAlgorithmName.SHA256, "384" => HashAlgorithmName.SHA384, _ => HashAlgorithmName.SHA512 };
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(algorithm switch { "ES384" => ECCurve.NamedCurves.nistP384, "ES512" => ECCurve.NamedCurves.nistP521, _ => ECCurve.NamedCurves.nistP256 });
        var secret = new string('k', 80);
        var key = algorithm[0] switch { 'R' or 'P' => rsa.ExportPkcs8PrivateKeyPem(), 'E' => ec.ExportECPrivateKeyPem(), _ => secret };
        var jtis = new ConcurrentBag<string>();
        var isRevoked = false;
        Service.Answer = async (context, request) =>
        {
            var parts = request.Header("Authorization")!["Bearer ".Length..].Split('.');
            var signed = Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]);
            var signature = System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]);
            var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]))!;
            var isGood = algorithm[..2] switch
            {
                "RS" => rsa.VerifyData(signed, signature, hash, RSASignaturePadding.Pkcs1),
                "PS" => rsa.VerifyData(signed, signature, hash, RSASignaturePadding.Pss),
                "ES" => ec.VerifyData(signed, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
                _ => signature.AsSpan().SequenceEqual(algorithm switch
                {
                    "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed),
                    "HS384" => HMACSHA384.HashData(Encoding.UTF8.GetBytes(secret), signed),
                    _ => HMACSHA512.HashData(Encoding.UTF8.GetBytes(secret), signed),
                }),
            };
            var wasRevoked = isRevoked;
            isRevoked = false;
            jtis.Add((string)claims["jti"]!);
            isGood &= (long)claims["exp"]! - (long)claims["iat"]! == 120 && (string?)claims["role"] == "role of ann" && (int)claims["deep"]!["n"]! == 1;
            await AnswerAsync(context, isGood && !wasRevoked ? 200 : 401, "", "text/plain");
        };
        var app = await DefineAsync(
            $$$"""{ "protocol": "jwt", "algorithm": "{{{algorithm}}}", "keyId": "k-1", "issuer": "me", "subject": "{!$Credential.Username}", "audience": "them", "lifetimeSeconds": 120, "claims": { "role": "role of {!$Credential.Username}", "deep": { "n": 1 } } }""",
            $$"""{ "Username": "ann", "Key": {{JsonValue.Create(key).ToJsonString()}} }""");
        await ExpectAsync(await CallAsync(app), 200);
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Single(jtis.Distinct());
        isRevoked = true;
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(2, jtis.Distinct().Count());
        Time.Advance(TimeSpan.FromMinutes(5));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(3, jtis.Distinct().Count());
    }

    [Fact]
    public async Task Jwt_KeysInOtherForms_AreRead()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = ec.ExportParameters(true);
        var jwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = System.Buffers.Text.Base64Url.EncodeToString(parameters.Q.X),
            ["y"] = System.Buffers.Text.Base64Url.EncodeToString(parameters.Q.Y),
            ["d"] = System.Buffers.Text.Base64Url.EncodeToString(parameters.D),
        };
        var encrypted = ec.ExportEncryptedPkcs8PrivateKeyPem("the-key-password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
        var pem = ec.ExportPkcs8PrivateKeyPem();
        Service.Answer = async (context, request) =>
        {
            var parts = request.Header("Authorization")!["Bearer ".Length..].Split('.');
            var isGood = ec.VerifyData(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256);
            await AnswerAsync(context, isGood ? 200 : 401, "", "text/plain");
        };
        foreach (var parametersJson in new[]
        {
            $$"""{ "Key": {{JsonValue.Create(jwk.ToJsonString()).ToJsonString()}} }""",
            $$"""{ "Key": {{JsonValue.Create(encrypted).ToJsonString()}}, "KeyPassword": "the-key-password" }""",
            $$"""{ "Key": {{JsonValue.Create("\uFEFF" + pem).ToJsonString()}} }""",
            $$"""{ "Key": {{JsonValue.Create(pem.Replace("\n", "\\n", StringComparison.Ordinal) + "\\n").ToJsonString()}} }""",
        })
        {
            var app = await DefineAsync("""{ "protocol": "jwt", "algorithm": "ES256", "issuer": "me", "subject": "me", "audience": "them" }""", parametersJson);
            await ExpectAsync(await CallAsync(app), 200);
        }

        var wrong = await DefineAsync("""{ "protocol": "jwt", "algorithm": "RS256", "issuer": "me" }""", """{ "Key": "no-key-at-all" }""");
        var answer = await CallAsync(wrong);
        Assert.DoesNotContain("no-key-at-all", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await ExpectAsync(answer, 502, "token-request-failed");
    }

    [Theory]
    [InlineData("""{ "protocol": "jwt", "algorithm": "RS256", "issuer": "me" }""", "Key")]
    [InlineData("""{ "protocol": "jwt", "algorithm": "ES256", "issuer": "me" }""", "Key")]
    [InlineData("""{ "protocol": "oauth2", "grant": "jwtBearer", "tokenUrl": "@/token", "assertion": { "algorithm": "RS256" } }""", "PrivateKey")]
    [InlineData("""{ "protocol": "oauth1", "signatureMethod": "RSA-SHA1" }""", "PrivateKey")]
    public async Task Key_EncryptedInTheOldForm_IsSaidToBeSo(string authentication, string parameter)
    {
        var app = await DefineAsync(authentication, $$"""
            { "ConsumerKey": "me", "ClientId": "me", "KeyPassword": "the-key-password",
              "{{parameter}}": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n" }
            """);
        var answer = await CallAsync(app);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Contains($"The parameter {parameter} is encrypted in the old form of PEM (Proc-Type: 4,ENCRYPTED), which isn't read; convert it to PKCS#8: openssl pkcs8 -topk8.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", text, StringComparison.Ordinal);
        await ExpectAsync(answer, 502, "token-request-failed");
        Assert.Empty(Service.Requests);
    }

    [Theory]
    [InlineData("execute-api", "/a%20b/%2Fc?z=1&a=b%20c&a=a&plus=x%2By")]
    [InlineData("s3", "/a%20b//c%2Bd?list-type=2")]
    [InlineData("s3express", "/a%20b//c%2Bd?list-type=2")]
    [InlineData("s3-outposts", "/a%20b//c%2Bd?list-type=2")]
    [InlineData("s3-object-lambda", "/a%20b//c%2Bd?list-type=2")]
    public async Task SigV4_CoversWhatIsSent(string service, string path)
    {
        Service.Answer = (context, request) => AnswerAsync(context, IsSigned(request, service, "the-secret-access-key") ? 200 : 403, "", "text/plain");
        var app = await DefineAsync(
            $$"""{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "{{service}}" }""",
            """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key", "SessionToken": "the-session-token" }""");
        await ExpectAsync(await CallAsync(app, path), 200);
        await ExpectAsync(await CallAsync(app, path, HttpMethod.Post, new StringContent("""{ "a": 1 }""", Encoding.UTF8, "application/json")), 200);
        var large = new ByteArrayContent(new byte[2 * 1024 * 1024]);
        await ExpectAsync(await CallAsync(app, path, HttpMethod.Put, large), service == "execute-api" ? 413 : 200, service == "execute-api" ? "body-too-large" : null);
        Assert.All(Service.Requests, request => Assert.Equal("the-session-token", request.Header("X-Amz-Security-Token")));
    }

    [Theory]
    [InlineData("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 200)]
    [InlineData("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 403)]
    [InlineData("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", 403)]
    [InlineData("UNSIGNED-PAYLOAD", 200)]
    [InlineData("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 200, "s3express")]
    [InlineData("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 403, "s3express")]
    public async Task SigV4_BodyThatTheClientFramed_IsSaidToBeSo_OrRefused(string payload, int status, string service = "s3")
    {
        const string Framed = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        Service.Answer = (context, request) => AnswerAsync(context, IsSigned(request, service, "the-secret-access-key") ? 200 : 403, "", "text/plain");
        var app = await DefineAsync(
            $$"""{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "{{service}}" }""", """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key" }""");
        foreach (var size in new[] { 1, 40_000 })
        {
            var content = new ByteArrayContent(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Framed, size))));
            content.Headers.ContentEncoding.Add("aws-chunked");
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/callout/{Name}/bucket/key") { Content = content };
            request.Headers.Add("X-Amz-Content-Sha256", payload);
            request.Headers.Add("X-Amz-Trailer", "x-amz-checksum-crc32");
            await ExpectAsync(await app.SendAsync(request), status, status == 403 ? "request-not-allowed" : null);
        }

        Assert.Equal(status == 403 ? 0 : 2, Service.Requests.Count);
        if (payload.StartsWith("STREAMING", StringComparison.Ordinal))
        {
            Assert.All(Service.Requests, seen => Assert.Equal(payload, seen.Header("X-Amz-Content-Sha256")));
        }
    }

    [Theory]
    [InlineData("UNSIGNED-PAYLOAD")]
    [InlineData("{!$Credential.Payload}")]
    public async Task SigV4_WhereAnAdminsHeaderSaysThatTheBodyIsUnsigned_StreamsIt(string payload)
    {
        Service.Answer = (context, request) => AnswerAsync(context, IsSigned(request, "execute-api", "the-secret-access-key") ? 200 : 403, request.Header("X-Amz-Content-Sha256")!, "text/plain");
        var app = await DefineAsync(
            """{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "execute-api" }""",
            """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key", "Payload": "UNSIGNED-PAYLOAD" }""",
            named: $$""", "customHeaders": [ { "name": "x-amz-content-sha256", "value": "{{payload}}" } ]""");
        await ExpectAsync(await CallAsync(app, method: HttpMethod.Put, content: new ByteArrayContent(new byte[2 * 1024 * 1024])), 200);
        Assert.Equal((2 * 1024 * 1024, "UNSIGNED-PAYLOAD"), (Service.Requests[^1].Body.Length, Service.Requests[^1].Header("X-Amz-Content-Sha256")));
    }

    [Fact]
    public async Task SigV4_TheCallersOwnSignature_GoesWhole()
    {
        Service.Answer = (context, request) => AnswerAsync(context, IsSigned(request, "s3", "the-secret-access-key") ? 200 : 403, "", "text/plain");
        var app = await DefineAsync(
            """{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "s3" }""", """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key" }""");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/callout/{Name}/bucket/key");
        request.Headers.TryAddWithoutValidation("Authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=00");
        request.Headers.Add("X-Amz-Security-Token", "of-the-caller");
        request.Headers.Add("x_amz_security_token", "of-the-caller");
        await ExpectAsync(await app.SendAsync(request), 200);
        var seen = Service.Requests[^1];
        Assert.Null(seen.Header("X-Amz-Security-Token") ?? seen.Header("x_amz_security_token"));
        Assert.DoesNotContain("security", seen.Header("Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SigV4_AssumesARole_AndAgainWhenItsKeysAreDead()
    {
        var given = 0;
        var live = "";
        Service.Answer = async (context, request) =>
        {
            if (request.Target == "/sts")
            {
                var form = Form(request);
                if (!IsSigned(request, "sts", "the-secret-access-key") || form["ExternalId"] != "the-external-id" || form["RoleArn"] != "arn:aws:iam::1:role/r" || form["Action"] != "AssumeRole")
                {
                    await AnswerAsync(context, 403, "<Error/>", "text/xml");
                    return;
                }

                live = "role-secret-key-" + ++given;
                await AnswerAsync(context, 200, $"""
                    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA{given}</AccessKeyId>
                    <SecretAccessKey>{live}</SecretAccessKey><SessionToken>role-session-{given}</SessionToken><Expiration>2030-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                    """, "text/xml");
                return;
            }

            await AnswerAsync(context, live.Length > 0 && IsSigned(request, "dynamodb", live) ? 200 : 400, live.Length > 0 ? "{}" : """{ "__type": "ExpiredTokenException" }""");
        };
        var app = await DefineAsync(
            """{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "dynamodb", "roleArn": "arn:aws:iam::1:role/r", "externalId": "{!$Credential.ExternalId}", "stsUrl": "@/sts", "durationSeconds": 900 }""",
            """{ "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "the-secret-access-key", "ExternalId": "the-external-id" }""");
        await ExpectAsync(await CallAsync(app), 200);
        live = "";
        await ExpectAsync(await CallAsync(app, method: HttpMethod.Post, content: new StringContent("{}")), 200);
        Assert.Equal(2, given);
        Assert.Equal("role-session-2", Service.Requests[^1].Header("X-Amz-Security-Token"));
    }

    [Theory]
    [InlineData("MD5", "auth")]
    [InlineData("MD5-sess", "auth")]
    [InlineData("SHA-256", "auth")]
    [InlineData("SHA-256-sess", "auth-int")]
    [InlineData("SHA-512-256", "auth")]
    [InlineData("SHA-512-256-sess", "auth-int")]
    [InlineData("MD5", "auth-int")]
    [InlineData("MD5", null)]
    public async Task Digest_AnswersTheChallenge_Once_AndAStaleNonceAnew(string algorithm, string? qop)
    {
        var nonce = "nonce-1";
        Service.Answer = async (context, request) =>
        {
            if (IsDigest(request, algorithm, qop, nonce))
            {
                await AnswerAsync(context, 200, request.Text, "text/plain");
                return;
            }

            var isStale = request.Header("Authorization") is not null;
            context.Response.Headers.WWWAuthenticate = $"Negotiate oYG2MIGzoAMKAQ==, Basic realm=\"x\", Digest realm=\"the realm\", nonce=\"{nonce}\", opaque=\"op\", algorithm={algorithm}{(qop is null ? "" : $", qop=\"{qop}\"")}, stale={(isStale ? "true" : "false")}";
            await AnswerAsync(context, 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "Mufasa", "Password": "Circle of Life" }""");
        await ExpectAsync(await CallAsync(app, "/dir/index.html?a=b"), 200);
        Assert.Equal(2, Service.Requests.Count);
        var posted = await CallAsync(app, "/dir", HttpMethod.Post, new StringContent("small body"));
        Assert.Equal("small body", await posted.Content.ReadAsStringAsync());
        Assert.Equal(3, Service.Requests.Count);
        nonce = "nonce-2";
        await ExpectAsync(await CallAsync(app, "/dir", HttpMethod.Post, new StringContent("small body")), 200);
        Assert.Equal(5, Service.Requests.Count);
    }

    [Theory]
    [InlineData("", "username=\"m\u00C3\u00BCller\"")]
    [InlineData(", charset=utf-8", "username*=UTF-8''m%C3%BCller")]
    public async Task Digest_NamesAUserBeyondAscii_AsTheServerReadsIt(string charset, string expected)
    {
        Service.Answer = async (context, request) =>
        {
            // Headers are strings of bytes here.
            context.Response.Headers.WWWAuthenticate = $"Digest realm=\"r\", nonce=\"n\", qop=\"auth\"{charset}";
            await AnswerAsync(context, request.Header("Authorization")?.StartsWith($"Digest {expected}, ", StringComparison.Ordinal) is true ? 200 : 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "m\u00FCller", "Password": "p" }""");
        await ExpectAsync(await CallAsync(app), 200);
    }

    [Fact]
    public async Task OAuth1_HoldsAFormWhoseTypeFieldsMake()
    {
        var form = "";
        Service.Answer = async (context, request) =>
        {
            form = request.Header("Content-Type") + " " + request.Text;
            var parameters = request.Header("Authorization")!["OAuth ".Length..].Split(", ").Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1].Trim('"')));
            var pairs = parameters.Where(pair => pair.Key != "oauth_signature").Select(pair => (pair.Key, pair.Value)).Append(("a", "1")).Append(("b", "2"))
                .OrderBy(pair => pair.Item1, StringComparer.Ordinal).Select(pair => $"{Uri.EscapeDataString(pair.Item1)}={Uri.EscapeDataString(pair.Item2)}");
            var text = $"POST&{Uri.EscapeDataString(Service.Url + request.Target)}&{Uri.EscapeDataString(string.Join('&', pairs))}";
            var isGood = parameters["oauth_signature"] == Convert.ToBase64String(HMACSHA256.HashData("the-consumer-secret&"u8, Encoding.ASCII.GetBytes(text)));
            await AnswerAsync(context, isGood ? 200 : 401, text, "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "oauth1", "signatureMethod": "HMAC-SHA256" }""", """{ "ConsumerKey": "ck", "ConsumerSecret": "the-consumer-secret" }""", named: """, "allowMergeFieldsInHeader": true""");
        using var content = new StringContent("a=1&b=2");
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-{!LOWER('URLENCODED')}");
        await ExpectAsync(await CallAsync(app, method: HttpMethod.Post, content: content), 200);
        Assert.Equal("application/x-www-form-urlencoded a=1&b=2", form);
    }

    [Fact]
    public async Task Digest_OneNonceThatIsGivenToMany_HasEachCountOnce()
    {
        const int Callers = 4;
        var strangers = 0;
        var allCame = new TaskCompletionSource();
        var counts = new ConcurrentBag<string>();
        Service.Answer = async (context, request) =>
        {
            if (IsDigest(request, "MD5", "auth", "one-nonce"))
            {
                counts.Add(request.Header("Authorization")!.Split("nc=")[1][..8]);
                await AnswerAsync(context, 200, "", "text/plain");
                return;
            }

            if (Interlocked.Increment(ref strangers) == Callers)
            {
                allCame.SetResult();
            }

            await allCame.Task;
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"the realm\", nonce=\"one-nonce\", qop=\"auth\", algorithm=MD5";
            await AnswerAsync(context, 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "Mufasa", "Password": "Circle of Life" }""");
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(app))))
        {
            await ExpectAsync(answer, 200);
        }

        Assert.Equal(["00000001", "00000002", "00000003", "00000004"], counts.Order());
    }

    [Fact]
    public async Task Digest_WithNoncesThatAreGoodOnce_GoesOnWithTheNextNonce_AlsoWithBodiesThatCantBeSentTwice()
    {
        var number = 1;
        Service.Answer = async (context, request) =>
        {
            var isGood = IsDigest(request, "SHA-256", "auth", $"nonce-{number}") && request.Header("Authorization")!.Contains("nc=00000001", StringComparison.Ordinal);
            number++;
            if (isGood)
            {
                context.Response.Headers["Authentication-Info"] = $"nextnonce=\"nonce-{number}\", qop=auth";
            }
            else
            {
                context.Response.Headers.WWWAuthenticate = $"Digest realm=\"the realm\", nonce=\"nonce-{number}\", qop=\"auth\", algorithm=SHA-256, stale=true";
            }

            await AnswerAsync(context, isGood ? 200 : 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "Mufasa", "Password": "Circle of Life" }""");
        for (var call = 0; call < 3; call++)
        {
            await ExpectAsync(await CallAsync(app), 200);
            await ExpectAsync(await CallAsync(app, method: HttpMethod.Put, content: new ByteArrayContent(new byte[2 * 1024 * 1024])), 200);
        }

        Assert.Equal(7, Service.Requests.Count);
    }

    [Fact]
    public async Task Digest_OneNonceInTwoRealms_IsAnsweredInEach()
    {
        Service.Answer = async (context, request) =>
        {
            var realm = request.Target == "/api/a" ? "A" : "B";
            var isAnswered = request.Header("Authorization")?.Contains($"realm=\"{realm}\"", StringComparison.Ordinal) is true;
            context.Response.Headers.WWWAuthenticate = $"Digest realm=\"{realm}\", nonce=\"one-nonce\", qop=\"auth\"";
            await AnswerAsync(context, isAnswered ? 200 : 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "u", "Password": "p" }""");
        foreach (var path in new[] { "/a", "/a", "/b", "/b", "/a" })
        {
            await ExpectAsync(await CallAsync(app, path), 200);
        }

        Assert.Equal(8, Service.Requests.Count);
    }

    [Fact]
    public async Task Digest_RefusedAnswer_IsNotGivenTwice_WhateverTheRealmIsWrittenWith()
    {
        Service.Answer = async (context, _) =>
        {
            // The password is right once.
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"CORP\\\\users\", nonce=\"1\", opaque=\"o\", qop=\"auth\", algorithm=SHA-256";
            await AnswerAsync(context, Service.Requests.Count == 2 ? 200 : 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "u", "Password": "p" }""");
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Equal(2, Service.Requests.Count);
        await ExpectAsync(await CallAsync(app), 401);
        Assert.Equal(3, Service.Requests.Count);
    }

    [Fact]
    public async Task Digest_InWhosePlaceAnAdminsHeaderStands_IsSentOnce()
    {
        Service.Answer = async (context, _) =>
        {
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            await AnswerAsync(context, 401, "", "text/plain");
        };
        var app = await DefineAsync(
            """{ "protocol": "digest" }""", """{ "Username": "u", "Password": "p" }""", named: """, "customHeaders": [ { "name": "Authorization", "value": "Custom x" } ]""");
        await ExpectAsync(await CallAsync(app, method: HttpMethod.Post, content: new StringContent("buy 1")), 401);
        Assert.Equal("Custom x", Assert.Single(Service.Requests).Header("Authorization"));
    }

    [Fact]
    public async Task Digest_WithAWrongPassword_HandsTheAnswerOn()
    {
        Service.Answer = async (context, _) =>
        {
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            await AnswerAsync(context, 401, "", "text/plain");
        };
        var app = await DefineAsync("""{ "protocol": "digest" }""", """{ "Username": "u", "Password": "p" }""");
        await ExpectAsync(await CallAsync(app), 401);
        await ExpectAsync(await CallAsync(app), 401);

        // What was refused isn't answered ahead: the password is tried once a callout.
        Assert.Equal([false, true, false, true], Service.Requests.Select(request => request.Header("Authorization") is not null));
    }

    [Fact]
    public async Task Hmac_OverBodyTimestampAndNonce_IsMadeAnewForAReplay()
    {
        // The worked example of docs/protocols.md.
        var isFirst = true;
        Service.Answer = async (context, request) =>
        {
            var text = $"{request.Method}\n{request.Target}\n{request.Header("X-Timestamp")}\n{request.Header("X-Nonce")}\n{Convert.ToHexStringLower(SHA256.HashData(request.Body))}";
            var isGood = request.Header("X-Signature") == Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes("the-hmac-key"), Encoding.UTF8.GetBytes(text)));
            await AnswerAsync(context, isGood && !isFirst ? 200 : isGood ? 401 : 403, "", "text/plain");
            isFirst = false;
        };
        var app = await DefineAsync(
            """{ "protocol": "jwt", "algorithm": "HS256", "issuer": "me" }""",
            """{ "Key": "the-jwt-key", "HmacKey": "the-hmac-key" }""",
            named: """
            , "customHeaders": [
                { "name": "X-Timestamp", "value": "{!$Request.UnixTime}" }, { "name": "X-Nonce", "value": "{!$Request.Nonce}" },
                { "name": "X-Signature", "value": "{!BASE64ENCODE(HMAC('SHA-256', $Request.Method & '\n' & $Request.Path & '\n' & $Request.UnixTime & '\n' & $Request.Nonce & '\n' & HEX(HASH('SHA-256', $Credential.Body)), $Credential.HmacKey))}" } ]
            """);
        var first = await CallAsync(app, method: HttpMethod.Post, content: new StringContent("the body"));
        await ExpectAsync(first, 401);
        Time.Advance(TimeSpan.FromSeconds(20));
        isFirst = true;
        await ExpectAsync(await CallAsync(app, method: HttpMethod.Post, content: new StringContent("the body")), 200);
        Assert.NotEqual(Service.Requests[^1].Header("X-Nonce"), Service.Requests[^2].Header("X-Nonce"));
    }

    private static bool IsSigned(RecordedRequest request, string service, string secret)
    {
        var header = request.Header("Authorization") ?? "";
        var names = header.Split("SignedHeaders=")[^1].Split(',')[0].Split(';');
        var id = header.Split("Credential=")[^1].Split('/')[0];
        var time = DateTimeOffset.ParseExact(request.Header("X-Amz-Date")!, "yyyyMMdd'T'HHmmss'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal);
        var claimed = request.Header("X-Amz-Content-Sha256");
        var hash = claimed ?? AwsSignature.HashOf(request.Body);
        var question = request.Target.IndexOf('?', StringComparison.Ordinal);
        var (expected, _) = AwsSignature.Make(
            new AwsSignature.Signer(id, secret, "eu-west-1", service, time), request.Method,
            question < 0 ? request.Target : request.Target[..question], question < 0 ? "" : request.Target[(question + 1)..],
            names.Select(name => new KeyValuePair<string, string>(name, request.Header(name)!)), hash);
        return header == expected && (claimed is null or "UNSIGNED-PAYLOAD" or "STREAMING-UNSIGNED-PAYLOAD-TRAILER" || claimed == AwsSignature.HashOf(request.Body));
    }

    private static bool IsDigest(RecordedRequest request, string algorithm, string? qop, string nonce)
    {
        var header = request.Header("Authorization");
        if (header is null || !header.Contains($"nonce=\"{nonce}\"", StringComparison.Ordinal))
        {
            return false;
        }

        var client = header.Split("cnonce=\"")[^1].Split('"')[0];
        var count = header.Contains("nc=", StringComparison.Ordinal) ? header.Split("nc=")[1][..8] : "";
        var secret = H($"Mufasa:the realm:Circle of Life");
        secret = algorithm.EndsWith("-sess", StringComparison.Ordinal) ? H($"{secret}:{nonce}:{client}") : secret;
        var what = H(qop == "auth-int" ? $"{request.Method}:{request.Target}:{H(request.Text)}" : $"{request.Method}:{request.Target}");
        var response = H(qop is null ? $"{secret}:{nonce}:{what}" : $"{secret}:{nonce}:{count}:{client}:{qop}:{what}");
        return header.Contains($"response=\"{response}\"", StringComparison.Ordinal) && header.Contains($"uri=\"{request.Target}\"", StringComparison.Ordinal);

#pragma warning disable CA5351 // The server's side of RFC 7616, which keeps MD5.
        string H(string text) => Convert.ToHexStringLower(algorithm.Split('-') switch
        {
            ["SHA", "512", ..] => Sha512T256.HashData(Encoding.UTF8.GetBytes(text)),
            ["SHA", ..] => SHA256.HashData(Encoding.UTF8.GetBytes(text)),
            _ => MD5.HashData(Encoding.UTF8.GetBytes(text)),
        });
#pragma warning restore CA5351
    }
}
