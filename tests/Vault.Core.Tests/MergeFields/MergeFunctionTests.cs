using System.Security.Cryptography;
using Vault.Core.MergeFields;
using Vault.Core.MergeFields.Functions;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class MergeFunctionTests
{
    [Theory]
    [InlineData("HTMLENCODE('&<>\"\\'é/`')", "&amp;&lt;&gt;&quot;&#39;é/`")]
    [InlineData("XMLENCODE('&<>\"\\'é/`')", "&amp;&lt;&gt;&quot;&apos;é/`")]
    [InlineData("JSONENCODE('\"\\\\/\\'<>é\u0000\u0001\b\t\n\f\r\u001f\u007f')", "\\\"\\\\/'<>é\\u0000\\u0001\\b\\t\\n\\f\\r\\u001F\u007f")]
    [InlineData("JSENCODE('\"\\\\/\\'<>é\n')", "\\\"\\\\/\\'\\u003C\\u003Eé\\n")]
    [InlineData("URLENCODE('AZaz09-._~ +&=/é€')", "AZaz09-._~%20%2B%26%3D%2F%C3%A9%E2%82%AC")]
    [InlineData("RAW('<')", "<")]
    [InlineData("BASE64ENCODE('f')", "Zg==")]
    [InlineData("BASE64ENCODE(BLOB('foobar'))", "Zm9vYmFy")]
    [InlineData("BASE64URLENCODE(BASE64DECODE('+/+/8A=='))", "-_-_8A")]
    [InlineData("HEX(BASE64DECODE('AP8='))", "00ff")]
    [InlineData("HEX('é')", "c3a9")]
    [InlineData("HEX(BLOB('a')&'é')", "61c3a9")]
    [InlineData("HEX('1795493400.'&$Credential.Body)", "313739353439333430302eff00")]
    [InlineData("HEX(HASH('SHA-256', 'a'&BLOB('b')&'c'))", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("UPPER('iIß')", "IIß")]
    [InlineData("LOWER('IÄ')", "iä")]
    [InlineData("TRIM('  a b ')", "a b")]
    [InlineData("HEX(HASH('SHA-256', ''))", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("HEX(HASH('sha-256', 'abc'))", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("HEX(HASH('SHA-384', 'abc'))", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")]
    [InlineData("HEX(HASH('SHA-512', 'abc'))", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")]
    [InlineData("HEX(HASH('SHA-1', 'abc'))", "a9993e364706816aba3e25717850c26c9cd0d89d")]
    [InlineData("HEX(HASH('md5', 'abc'))", "900150983cd24fb0d6963f7d28e17f72")]
    [InlineData("HEX(HMAC('SHA-256', 'what do ya want for nothing?', 'Jefe'))", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    [InlineData("HEX(HMAC('SHA-384', 'what do ya want for nothing?', 'Jefe'))", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649")]
    [InlineData("HEX(HMAC('SHA-512', 'what do ya want for nothing?', 'Jefe'))", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")]
    [InlineData("HEX(HMAC('SHA-1', 'what do ya want for nothing?', 'Jefe'))", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")]
    [InlineData("HEX(HMAC('MD5', 'what do ya want for nothing?', 'Jefe'))", "750c783e6ab0b503eaa86e310a5db738")]
    public void Invoke_KnownVector_GivesKnownResult(string expression, string expected)
    {
        var template = MergeTemplate.Parse("{!" + expression + "}");

        Assert.Null(template.Error);
        Assert.Equal(expected, template.Value!.Resolve(new FakeMergeScope(), MergeEscaping.None).Value.Text);
    }

    [Fact]
    public void Invoke_WhatDoublesAtEach_EndsBeforeItFillsTheMemory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var text in new[] { string.Concat(Enumerable.Repeat("HEX(", 30)) + "'aaaaaaaaaaaaaaaa'" + new string(')', 30), "TRIM('a')&" + string.Concat(Enumerable.Repeat("HEX(", 19)) + "'aaaaaaaaaaaaaaaa'" + new string(')', 19) })
        {
            var error = MergeTemplate.Parse("{!" + text + "}").Value!.Resolve(new FakeMergeScope(), MergeEscaping.None).Error!;
            Assert.Equal("merge-field-invalid", error.Code);
            Assert.Contains("4194304 characters", error.Detail, StringComparison.Ordinal);
        }

        var many = MergeTemplate.Parse(string.Concat(Enumerable.Repeat("{!" + string.Concat(Enumerable.Repeat("HEX(", 16)) + "'aaaaaaaaaaaaaaaa'" + new string(')', 16) + "}", 300))).Value!;
        Assert.Equal("merge-field-invalid", many.Resolve(new FakeMergeScope(), MergeEscaping.None).Error!.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300 << 20);
    }

    [Fact]
    public void Invoke_BytesMadeOfASecret_AreToldOf()
    {
        var scope = new FakeMergeScope();
        Assert.True(MergeTemplate.Parse("{!HEX(BLOB($Credential.Key))}").Value!.Resolve(scope, MergeEscaping.None).IsOk);
        Assert.Contains("key", scope.Secrets);
        Assert.Contains("6b6579", scope.Secrets);
    }

    [Theory]
    [InlineData("HEX(BASE64DECODE('***'))", "BASE64DECODE")]
    [InlineData("HEX(BASE64DECODE($Credential.Password))", "BASE64DECODE")]
    [InlineData("HEX(HASH($Credential.Password, 'a'))", "HASH")]
    [InlineData("HEX(SIGN('SHA-256', 'a', $Credential.Password))", "SIGN")]
    public void Invoke_BadValue_IsAnErrorWithoutTheValue(string expression, string name)
    {
        var error = MergeTemplate.Parse("{!" + expression + "}").Value!.Resolve(new FakeMergeScope(), MergeEscaping.None).Error!;

        Assert.Equal("merge-field-invalid", error.Code);
        Assert.Contains(name, error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("p\"w", error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("***", error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sign_Rsa_Verifies(bool pkcs8)
    {
        using var rsa = RSA.Create(2048);

        var signature = Sign(pkcs8 ? rsa.ExportPkcs8PrivateKeyPem() : rsa.ExportRSAPrivateKeyPem());

        Assert.True(rsa.VerifyData("data"u8, signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sign_Ec_Verifies(bool pkcs8)
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var signature = Sign(pkcs8 ? ec.ExportPkcs8PrivateKeyPem() : ec.ExportECPrivateKeyPem());

        Assert.True(ec.VerifyData("data"u8, signature, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public void Sign_PublicKey_IsAnError()
    {
        using var rsa = RSA.Create(2048);
        var scope = new FakeMergeScope().With("$Credential.Pem", rsa.ExportSubjectPublicKeyInfoPem());

        Assert.False(MergeTemplate.Parse("{!HEX(SIGN('SHA-256', 'a', $Credential.Pem))}").Value!.Resolve(scope, MergeEscaping.None).IsOk);
    }

    [Fact]
    public void Constructor_TwoOfOneName_Throws() =>
        Assert.Throws<ArgumentException>(() => new MergeFunctions(new HexFunction(), new HexFunction()));

    private static byte[] Sign(string pem)
    {
        var scope = new FakeMergeScope().With("$Credential.Pem", pem);
        var text = MergeTemplate.Parse("{!BASE64ENCODE(SIGN('SHA-384', 'data', $Credential.Pem))}").Value!.Resolve(scope, MergeEscaping.None).Value.Text;
        return Convert.FromBase64String(text);
    }
}
