using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>A key in a file.</summary>
public sealed class FileMasterKeyTests : MasterKeyProviderContract, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vault-key-");

    protected override string Name => "file";

    protected override Dictionary<string, string?> Settings => new() { ["Provider"] = "file", ["Path"] = Path.Combine(_directory.FullName, "master.key") };

    protected override IReadOnlyList<(string, string?)> BadSettings => [("Path", null), ("Provider", "nobody")];

    internal override IMasterKeyProvider Provider => Read(Settings);

    internal override IMasterKeyProvider Other => Read(new() { ["Provider"] = "file", ["Path"] = Path.Combine(_directory.FullName, "other.key") });

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>The memory of a process is a file that nobody reads from its beginning; the parent of a file is no directory.</summary>
    [Theory]
    [InlineData("/proc/self/mem", "can't be read")]
    [InlineData("/proc/version/key", "can't be written")]
    [InlineData("/proc/nope/key", "can't be written")]
    [InlineData("/", "can't be written")]
    public async Task Path_ThatCantBeUsed_IsNamed(string path, string problem)
    {
        var provider = Read(new() { ["Provider"] = "file", ["Path"] = path });
        var refused = await Assert.ThrowsAsync<VaultStartException>(async () => _ = await provider.FindAsync(null, CancellationToken.None) ?? (await provider.CreateAsync(CancellationToken.None)).Key);
        Assert.Contains($"{path} (Vault:MasterKey:Path) {problem}", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>A key in a setting.</summary>
public sealed class EnvironmentMasterKeyTests : MasterKeyProviderContract
{
    private readonly string _value = NewValue();

    protected override string Name => "environment";

    protected override Dictionary<string, string?> Settings => new() { ["Provider"] = "environment", ["Value"] = _value };

    protected override IReadOnlyList<(string, string?)> BadSettings => [("Value", null), ("Value", "c2hvcnQ="), ("Value", new string('*', 44))];

    internal override IMasterKeyProvider Provider => Read(Settings);

    internal override IMasterKeyProvider Other => Read(new() { ["Provider"] = "environment", ["Value"] = NewValue() });

    [Fact]
    public void BadValue_IsNotInTheMessage() =>
        Assert.DoesNotContain("bm90LWEta2V5", Assert.Throws<Core.Secrets.VaultStartException>(() => Read(new() { ["Provider"] = "environment", ["Value"] = "bm90LWEta2V5" })).Message, StringComparison.Ordinal);
}

/// <summary>A key wrapped to a certificate.</summary>
public sealed class CertificateMasterKeyTests : MasterKeyProviderContract, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vault-certificate-");

    public CertificateMasterKeyTests()
    {
        Write("one.p12", 2048);
        Write("other.p12", 2048);
        Write("short.p12", 1024);
    }

    protected override string Name => "certificate";

    protected override Dictionary<string, string?> Settings => Of("one.p12");

    protected override IReadOnlyList<(string, string?)> BadSettings => [("CertificatePath", null), ("CertificateThumbprint", "both")];

    internal override IMasterKeyProvider Provider => Read(Settings);

    internal override IMasterKeyProvider Other => Read(Of("other.p12"));

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("one.p12", "wrong", "CertificatePassword")]
    [InlineData("missing.p12", "the-password", "CertificatePath")]
    [InlineData("short.p12", "the-password", "2048 bits")]
    public async Task CertificateThatCantBeUsed_IsNamed(string file, string password, string said)
    {
        var settings = Of(file);
        settings["CertificatePassword"] = password;
        var refused = await Assert.ThrowsAsync<Core.Secrets.VaultStartException>(() => Read(settings).FindAsync(null, CancellationToken.None));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeyThatSomebodyElseWrapped_WithThePublicCertificate_IsNeverTaken(bool withOldSignature)
    {
        var made = WrappedMasterKey.Read((await MakeAsync()).Kept!, Name);
        var planted = RandomNumberGenerator.GetBytes(32);
        using var certificate = X509CertificateLoader.LoadPkcs12FromFile(Path.Combine(_directory.FullName, "one.p12"), "the-password");
        using var publicKey = certificate.GetRSAPublicKey()!;
        var forged = made with
        {
            Ciphertext = publicKey.Encrypt(planted, RSAEncryptionPadding.OaepSHA256),
            CheckValue = Core.Secrets.KeyCheckValue.Of(planted, "master"),
            Signature = withOldSignature ? made.Signature : null,
        };
        var refused = await Assert.ThrowsAsync<Core.Secrets.VaultStartException>(() => Provider.FindAsync(forged.ToBytes(), CancellationToken.None));
        Assert.Contains("wasn't signed", refused.Message, StringComparison.Ordinal);
    }

    private Dictionary<string, string?> Of(string file) => new()
    {
        ["Provider"] = "certificate",
        ["CertificatePath"] = Path.Combine(_directory.FullName, file),
        ["CertificatePassword"] = "the-password",
    };

    private void Write(string file, int bits)
    {
        using var key = RSA.Create(bits);
        using var certificate = new CertificateRequest("CN=" + file, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
        File.WriteAllBytes(Path.Combine(_directory.FullName, file), certificate.Export(X509ContentType.Pkcs12, "the-password"));
    }
}
