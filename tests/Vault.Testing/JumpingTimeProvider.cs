using Microsoft.Extensions.Time.Testing;

namespace Vault.Testing;

/// <summary>A clock that stands still, and that can be set: what is counted in between, and timers, don't notice.</summary>
public sealed class JumpingTimeProvider(DateTimeOffset start) : FakeTimeProvider(start)
{
    /// <summary>How far the clock was set forward, or back.</summary>
    public TimeSpan Jump { get; set; }

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;

    /// <inheritdoc />
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
