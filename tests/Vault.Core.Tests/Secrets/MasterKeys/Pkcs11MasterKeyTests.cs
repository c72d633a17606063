using System.Text;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>A key wrapped in a token: SoftHSM, which has the same module interface as an HSM in a rack.</summary>
public sealed class Pkcs11MasterKeyTests : MasterKeyProviderContract, IDisposable
{
    private readonly SoftToken _token = new("one", "other");

    protected override string Name => "pkcs11";

    protected override Dictionary<string, string?> Settings => Of("one");

    protected override IReadOnlyList<(string, string?)> BadSettings =>
        [("Module", null), ("Module", "libsofthsm2.so"), ("TokenLabel", null), ("KeyLabel", null), ("Pin", null), ("PinPath", "both")];

    internal override IMasterKeyProvider Provider => Read(Settings);

    internal override IMasterKeyProvider Other => Read(Of("other"));

    public void Dispose() => _token.Dispose();

    [Fact]
    public async Task Key_IsNowhereOnDisk()
    {
        var made = await MakeAsync();
        Assert.All(_token.Files(), file => Assert.Equal(-1, file.AsSpan().IndexOf(made.Key)));
    }

    [Theory]
    [InlineData("KeyLabel", "missing", "no AES key")]
    [InlineData("KeyLabel", "twice", "several AES keys")]
    [InlineData("TokenLabel", "missing", "no token")]
    [InlineData("Pin", "the-wrong-pin", "refused the PIN")]
    [InlineData("Module", "/no/such/module.so", "can't be loaded")]
    public async Task WhatCantBeUsed_StopsTheStart_InWords(string setting, string value, string said)
    {
        _token.Add("twice", "twice");
        var made = await MakeAsync();
        var bad = Read(new(Settings) { [setting] = value });
        foreach (var refused in new[]
        {
            await Assert.ThrowsAsync<VaultStartException>(() => bad.FindAsync(made.Kept, CancellationToken.None)),
            await Assert.ThrowsAsync<VaultStartException>(() => bad.CreateAsync(CancellationToken.None)),
        })
        {
            Assert.Contains(said, refused.Message, StringComparison.Ordinal);
            Assert.Contains("Vault:MasterKey:" + setting, refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("the-wrong-pin", refused.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(SoftToken.Pin, refused.ToString(), StringComparison.Ordinal);
            AssertSays(refused, made);
        }
    }

    [Fact]
    public async Task FileThatIsNoModule_StopsTheStart_InWords()
    {
        await File.WriteAllTextAsync(_token.Module, "no library");
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Provider.CreateAsync(CancellationToken.None));
        Assert.Contains("Vault:MasterKey:Module", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenThatGoesAway_StopsTheStart_AndIsFoundAgainWhenItIsBack()
    {
        var made = await MakeAsync();
        _token.Pull();
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Contains("Vault:MasterKey:", refused.Message, StringComparison.Ordinal);
        AssertSays(refused, made);
        _token.PutIn();
        Assert.Equal(made.Key, await Provider.FindAsync(made.Kept, CancellationToken.None));
    }

    [Theory]
    [InlineData(SoftToken.Pin)]
    [InlineData(SoftToken.Pin + "\n")]
    public async Task PinInAFile_IsRead(string text)
    {
        var made = await MakeAsync();
        await File.WriteAllTextAsync(_token.PinPath, text);
        Assert.Equal(made.Key, await Read(OfFile()).FindAsync(made.Kept, CancellationToken.None));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("\n")]
    public async Task PinInAFile_ThatIsMissingOrEmpty_StopsTheStart_InWords(string? text)
    {
        if (text is not null)
        {
            await File.WriteAllTextAsync(_token.PinPath, text);
        }

        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Read(OfFile()).CreateAsync(CancellationToken.None));
        Assert.Contains("Vault:MasterKey:PinPath", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kept_SaysWhichKey_AndIsBoundToIt()
    {
        var made = WrappedMasterKey.Read((await MakeAsync()).Kept!, Name);
        Assert.Equal("one", made.KeyId);
        await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync((made with { KeyId = "other" }).ToBytes(), CancellationToken.None));
        Assert.DoesNotContain(SoftToken.Pin, Encoding.UTF8.GetString(made.ToBytes()), StringComparison.Ordinal);
    }

    private Dictionary<string, string?> Of(string key) => new()
    {
        ["Provider"] = "pkcs11",
        ["Module"] = _token.Module,
        ["TokenLabel"] = SoftToken.Label,
        ["KeyLabel"] = key,
        ["Pin"] = SoftToken.Pin,
    };

    private Dictionary<string, string?> OfFile() => new(Settings) { ["Pin"] = null, ["PinPath"] = _token.PinPath };
}
