using Vault.Core.Secrets;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>How a stand-in answers.</summary>
public enum KeyServiceMood
{
    /// <summary>As it should.</summary>
    Well,

    /// <summary>The caller may not use the key.</summary>
    Denied,

    /// <summary>Too many requests, the first two times.</summary>
    ThrottledTwice,

    /// <summary>Too many requests, always.</summary>
    Throttled,
}

/// <summary>What every provider whose key is elsewhere keeps to besides: wrong key, denied, throttled, unreachable.</summary>
public abstract class RemoteMasterKeyContract : MasterKeyProviderContract, IAsyncLifetime
{
    /// <summary>The service.</summary>
    protected RecordingUpstream Service { get; private set; } = null!;

    /// <summary>How the service answers from now on.</summary>
    protected KeyServiceMood Mood { get; set; }

    /// <summary>How many requests it refused for being too many.</summary>
    protected int Throttled { get; set; }

    public async Task InitializeAsync() => Service = await StartAsync();

    public virtual async Task DisposeAsync() => await Service.DisposeAsync();

    /// <summary>Starts the stand-in.</summary>
    protected abstract Task<RecordingUpstream> StartAsync();

    [Fact]
    public async Task Denied_StopsTheStart_InWords()
    {
        var made = await MakeAsync();
        Mood = KeyServiceMood.Denied;
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Contains("Vault:MasterKey:", refused.Message, StringComparison.Ordinal);
        AssertSays(refused, made);
        await Assert.ThrowsAsync<VaultStartException>(() => Provider.CreateAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Throttled_IsTriedAgain_AndEndsInWords()
    {
        var made = await MakeAsync();
        Mood = KeyServiceMood.ThrottledTwice;
        Assert.Equal(made.Key, await Provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Equal(2, Throttled);
        Mood = KeyServiceMood.Throttled;
        AssertSays(await Assert.ThrowsAsync<VaultStartException>(() => Provider.FindAsync(made.Kept, CancellationToken.None)), made);
    }

    [Fact]
    public async Task Unreachable_StopsTheStart_InWords()
    {
        var made = await MakeAsync();
        var provider = Provider;
        await Service.DisposeAsync();
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => provider.FindAsync(made.Kept, CancellationToken.None));
        Assert.Contains("can't be reached", refused.Message, StringComparison.Ordinal);
    }
}
