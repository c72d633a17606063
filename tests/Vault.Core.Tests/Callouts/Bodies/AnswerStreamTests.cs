using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Callouts.Bodies;

public sealed class AnswerStreamTests
{
    [Fact]
    public async Task HeadThatCantBeHandedOn_EndsTheReadBeforeTheBufferIsGivenBack()
    {
        using var callout = TestCallouts.New(static (_, _) => throw new OperationCanceledException());
        callout.IsHeadReady = true;
        using var inner = new SlowStream();
        await using var answer = new AnswerStream(inner, callout, null);
        var buffer = new byte[8];
        await Assert.ThrowsAsync<OperationCanceledException>(async () => Assert.Equal(0, await answer.ReadAsync(buffer)));
        Assert.True(inner.IsOver);
    }

    [Theory]
    [InlineData(3L, true)]
    [InlineData(null, true)]
    [InlineData(10L, false)]
    public async Task BodyThatEndsBeforeItsLength_IsBroken(long? length, bool isWhole)
    {
        using var callout = TestCallouts.New(static (_, _) => ValueTask.CompletedTask);
        await using var answer = new AnswerStream(new MemoryStream([1, 2, 3]), callout, null, length: length);
        var buffer = new byte[8];
        Assert.Equal(3, await answer.ReadAsync(buffer));
        if (isWhole)
        {
            Assert.Equal(0, await answer.ReadAsync(buffer));
            return;
        }

        await Assert.ThrowsAsync<HttpIOException>(async () => Assert.Equal(-1, await answer.ReadAsync(buffer)));
        Assert.Equal((3, ErrorCodes.UpstreamUnreachable), (callout.BytesOut, callout.Error?.Code));
    }

    /// <summary>Gives nothing until a read is cancelled, and says whether it is over then.</summary>
    private sealed class SlowStream : ReadOnlyStream
    {
        private readonly TaskCompletionSource<int> _never = new();

        public bool IsOver { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await _never.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                IsOver = true;
            }
        }
    }
}
