using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Callouts.Bodies;

public sealed class StreamedContentTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _body = new();

    [Theory]
    [InlineData(5L, "write 5")]
    [InlineData(9L, "flush, write 5, flush, write 4")]
    [InlineData(null, "flush, write 5, flush, write 4")]
    public async Task Head_GoesWithABodyThatIsThere_AndBeforeOneThatIsnt(long? length, string expected)
    {
        using var callout = TestCallouts.New();
        using var content = NewContent(callout);
        content.Headers.ContentLength = length;
        await _body.Writer.WriteAsync("12345"u8.ToArray());
        await using var upstream = new Recording(flushed: count =>
        {
            if (count == 2)
            {
                _body.Writer.WriteAsync("6789"u8.ToArray()).AsTask().GetAwaiter().GetResult();
                _body.Writer.Complete();
            }
        });
        if (length == 5)
        {
            await _body.Writer.CompleteAsync();
        }

        await content.CopyToAsync(upstream);
        Assert.Equal(expected, string.Join(", ", upstream.Happened));
        Assert.True(content.Sent.IsCompleted);
    }

    [Fact]
    public async Task UpstreamThatIsGone_IsToldAtOnce_AndTheBodyIsReadUntilItsReadEnds()
    {
        using var callout = TestCallouts.New();
        using var content = NewContent(callout);
        await using var upstream = new Recording(flushed: _ => throw new IOException("gone"));
        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(upstream));
        Assert.False(content.Sent.IsCompleted);
        await _body.Writer.CompleteAsync();
        await content.Sent.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task BytesThatAreDecodedLater_AreActivity()
    {
        using var timers = new IdleTimers(_time);
        using var idle = timers.Start(TimeSpan.FromSeconds(2), CancellationToken.None);
        await using var stream = new TimedStream(_body.Reader.AsStream(), idle, limit: 5, () => new VaultError(ErrorCodes.UpstreamUnreachable, "too large"));
        idle.Touch();
        for (var piece = 0; piece < 5; piece++)
        {
            _time.Advance(TimeSpan.FromSeconds(1.5));
            await _body.Writer.WriteAsync("1"u8.ToArray());
            Assert.Equal(1, await stream.ReadAsync(new byte[8]));
        }

        Assert.False(idle.Token.IsCancellationRequested);

        // Also what nothing is decoded from has an end.
        await _body.Writer.WriteAsync("1"u8.ToArray());
        var broken = await Assert.ThrowsAsync<CalloutAbortedException>(() => stream.ReadAsync(new byte[8]).AsTask());
        Assert.Equal("too large", broken.Error.Detail);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(idle.Token.IsCancellationRequested);
    }

    private StreamedContent NewContent(Callout callout) => new(new BodyRecorder(_body.Reader.AsStream(), HeldBody.Limit), new PlainBody(null), callout);

    /// <summary>Notes what is done to it.</summary>
    private sealed class Recording(Action<int> flushed) : MemoryStream
    {
        private int _flushes;

        public List<string> Happened { get; } = [];

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Happened.Add("flush");
            flushed(++_flushes);
            return Task.CompletedTask;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Happened.Add($"write {buffer.Length}");
            return ValueTask.CompletedTask;
        }
    }
}
