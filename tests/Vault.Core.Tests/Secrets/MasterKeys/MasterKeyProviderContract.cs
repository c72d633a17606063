using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Vault.Core.Secrets;
using Vault.Core.Secrets.MasterKeys;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>What every provider of the master key keeps to; a provider derives this.</summary>
public abstract class MasterKeyProviderContract
{
    /// <summary>As in <c>Vault:MasterKey:Provider</c>.</summary>
    protected abstract string Name { get; }

    /// <summary>The settings that have to be there, each alone missing or wrong.</summary>
    protected abstract IReadOnlyList<(string Setting, string? Bad)> BadSettings { get; }

    /// <summary>Settings that work.</summary>
    protected abstract Dictionary<string, string?> Settings { get; }

    /// <summary>A provider on the same place each time.</summary>
    internal abstract IMasterKeyProvider Provider { get; }

    /// <summary>One that was given another key, certificate or file.</summary>
    internal abstract IMasterKeyProvider Other { get; }

    [Fact]
    public async Task Key_ThatWasMade_IsFoundAgain_ByWhoeverHasTheSameSettings()
    {
        var made = await MakeAsync();
        Assert.Equal(32, made.Key.Length);
        Assert.Equal(made.Key, await Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Equal(made.Key, await Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Equal(Name, Provider.Name);
    }

    [Fact]
    public async Task Kept_HoldsNoKey()
    {
        var made = await MakeAsync();
        if (made.Kept is not { } kept)
        {
            return;
        }

        var text = Encoding.Latin1.GetString(kept);
        Assert.Equal(-1, kept.AsSpan().IndexOf(made.Key));
        Assert.DoesNotContain(Convert.ToBase64String(made.Key), text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(made.Key), text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task OtherKey_NeverFindsIt()
    {
        var made = await MakeAsync();
        byte[]? found = null;
        try
        {
            found = await Other.FindAsync(made.Kept, CancellationToken.None);
        }
        catch (VaultStartException refused)
        {
            AssertSays(refused, made);
        }

        Assert.NotEqual(made.Key, found);
    }

    [Fact]
    public async Task Kept_DamagedAnywhere_IsRefused_OrIsNoLongerTheKey()
    {
        var made = await MakeAsync();
        for (var at = 0; at < made.Kept?.Length; at += 7)
        {
            var damaged = made.Kept.ToArray();
            damaged[at] ^= 1;
            try
            {
                // Words that name the key that wrapped it may change without harm.
                var found = await Provider.FindAsync(damaged, CancellationToken.None);
                Assert.True(found is null || found.AsSpan().SequenceEqual(made.Key), $"Byte {at} gives another key.");
            }
            catch (VaultStartException refused)
            {
                AssertSays(refused, made);
            }
        }
    }

    [Fact]
    public async Task KeptByAnother_IsRefused_InWords()
    {
        var made = await MakeAsync();
        if (made.Kept is null)
        {
            return;
        }

        // What stands in the database unauthenticated is not written to a terminal, but for a name that is known.
        var others = new WrappedMasterKey("somebody\u001b[2JElse", "k", "a", [1, 2, 3]).ToBytes();
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(others, CancellationToken.None));
        Assert.Contains("an unknown provider", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Else", refused.Message, StringComparison.Ordinal);
        var known = new WrappedMasterKey(Name == "awsKms" ? "certificate" : "awsKms", "k", "a", [1, 2, 3]).ToBytes();
        Assert.Contains("wrapped by the provider '", (await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(known, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BadSetting_IsNamed()
    {
        Assert.Equal(Name, Read(Settings).Name);
        foreach (var (setting, bad) in BadSettings)
        {
            var settings = new Dictionary<string, string?>(Settings) { [setting] = bad };
            Assert.Contains("Vault:MasterKey:" + setting, Assert.Throws<VaultStartException>(() => Read(settings)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Makes the provider of these settings, as the vault does.</summary>
    internal static IMasterKeyProvider Read(Dictionary<string, string?> settings) => MasterKeyProviders.Read(SettingsOf(settings));

    /// <summary>The settings as the vault reads them.</summary>
    internal static MasterKeySettings SettingsOf(Dictionary<string, string?> settings) => new(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("Vault:MasterKey:" + setting.Key, setting.Value))).Build().GetSection("Vault:MasterKey"),
        defaultPath: null);

    /// <summary>A key: the one that is there, else one that is made.</summary>
    internal async Task<NewMasterKey> MakeAsync() =>
        await Provider.FindAsync(null, CancellationToken.None) is { } found ? new NewMasterKey(found, null) : await Provider.CreateAsync(CancellationToken.None);

    internal static void AssertSays(VaultStartException refused, NewMasterKey made)
    {
        Assert.NotEmpty(refused.Message);
        Assert.DoesNotContain(Convert.ToBase64String(made.Key), refused.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A key, as a setting.</summary>
    protected static string NewValue() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
