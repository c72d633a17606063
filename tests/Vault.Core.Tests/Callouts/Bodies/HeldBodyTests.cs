using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Callouts.Bodies;
using Xunit;

namespace Vault.Core.Tests.Callouts.Bodies;

public sealed class HeldBodyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));

    [Theory]
    [InlineData(HeldBody.Limit, true)]
    [InlineData(HeldBody.Limit + 1, false)]
    public async Task BodyOfNoKnownLength_IsReadOnUntilItIsKnownWhetherItWasKept(int length, bool isWhole)
    {
        var body = HeldBody.Streamed(_pipe.Reader.AsStream(), null);
        var canRecall = body.CanRecallAsync(Task.CompletedTask, _time, CancellationToken.None).AsTask();
        Assert.False(canRecall.IsCompleted);
        await _pipe.Writer.WriteAsync(new byte[length]);
        await _pipe.Writer.CompleteAsync();
        Assert.Equal(isWhole, await canRecall.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(isWhole ? length : null, (await body.RecallAsync(CancellationToken.None))?.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BodyOfNoKnownLength_IsWaitedForSomeSeconds(bool isSent)
    {
        var body = HeldBody.Streamed(_pipe.Reader.AsStream(), null);
        var canRecall = body.CanRecallAsync(isSent ? Task.CompletedTask : new TaskCompletionSource().Task, _time, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(canRecall.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(await canRecall.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task BodyThatIsStillSent_IsLeftToThat()
    {
        var body = HeldBody.Streamed(_pipe.Reader.AsStream(), null);
        var canRecall = body.CanRecallAsync(new TaskCompletionSource().Task, _time, CancellationToken.None).AsTask();
        await _pipe.Writer.WriteAsync("12345"u8.ToArray());
        await _pipe.Writer.CompleteAsync();
        Assert.Equal(5, await body.Stream!.ReadAsync(new byte[8]));
        Assert.False(canRecall.IsCompleted);
        Assert.Equal(0, await body.Stream.ReadAsync(new byte[8]));
        Assert.True(await canRecall.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(5, body.Whole?.Length);
    }

    [Theory]
    [InlineData(HeldBody.Limit, true)]
    [InlineData(HeldBody.Limit + 1, false)]
    public async Task BodyOfKnownLength_IsJudgedByThat(long length, bool canRecall) =>
        Assert.Equal(canRecall, await HeldBody.Streamed(_pipe.Reader.AsStream(), length).CanRecallAsync(new TaskCompletionSource().Task, _time, CancellationToken.None));
}
