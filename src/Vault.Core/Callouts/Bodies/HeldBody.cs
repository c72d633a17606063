using Vault.Core.MergeFields;

namespace Vault.Core.Callouts.Bodies;

/// <summary>A caller's body: held whole, or streamed with its beginning kept for a replay.</summary>
internal sealed class HeldBody
{
    /// <summary>The most that is held (1 MiB); contract section 9.</summary>
    public const int Limit = 1024 * 1024;

    // A body whose length nobody told may have no end in sight.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly ReadOnlyMemory<byte>? _whole;
    private readonly BodyRecorder? _stream;
    private readonly long? _length;

    private HeldBody(ReadOnlyMemory<byte>? whole, BodyRecorder? stream, long? length)
    {
        _whole = whole;
        _stream = stream;
        _length = length;
    }

    /// <summary>No body.</summary>
    public static HeldBody None { get; } = new(null, null, null);

    /// <summary>Whether there is a body.</summary>
    public bool Exists => _whole is not null || _stream is not null;

    /// <summary>The whole body; null where it is streamed.</summary>
    public ReadOnlyMemory<byte>? Whole => _whole ?? (_stream?.IsWhole is true ? _stream.Kept : (ReadOnlyMemory<byte>?)null);

    /// <summary>The stream; null where the body is held.</summary>
    public BodyRecorder? Stream => _whole is null ? _stream : null;

    /// <summary>The beginning of a body that was too long to be held; empty for any other.</summary>
    public ReadOnlyMemory<byte> Head { get; private init; }

    // What is held, though it is streamed.
    private ReadOnlyMemory<byte>? Held { get; init; }

    /// <summary>Hands the body on as it comes.</summary>
    public static HeldBody Streamed(Stream body, long? length) => new(null, new BodyRecorder(body, Limit), length);

    /// <summary>Streams a body that is held, since what becomes of it is too long to be.</summary>
    public static HeldBody Streamed(ReadOnlyMemory<byte> held) =>
        new(null, new BodyRecorder(new PrefixedStream(held, System.IO.Stream.Null), Limit), null) { Held = held };

    /// <summary>Reads the body; whole if it is no longer than <see cref="Limit"/>, else streamed from its beginning.</summary>
    public static async ValueTask<HeldBody> HoldAsync(Stream body, long? length, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(length ?? 16 * 1024, Limit) + 1];
        var count = 0;
        while (true)
        {
            var read = await body.ReadAsync(buffer.AsMemory(count), cancellationToken);
            if (read == 0)
            {
                return new HeldBody(buffer.AsMemory(0, count), null, length);
            }

            count += read;
            if (count > Limit)
            {
                return new HeldBody(null, new BodyRecorder(new PrefixedStream(buffer.AsMemory(0, count), body), Limit), length) { Head = buffer.AsSpan(0, XmlDeclaration.Longest).ToArray() };
            }

            if (count == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, Limit + 1));
            }
        }
    }

    /// <summary>The body from its beginning, where nothing of it was sent yet; null: it wasn't held.</summary>
    public Stream? Unsent() => (_whole ?? Held) is { } whole ? new PrefixedStream(whole, System.IO.Stream.Null) : Head.Length > 0 ? _stream : null;

    /// <summary>
    /// Gets the whole body for a second sending, reading what is left of it; null where it is too large to have been kept, or
    /// may be. Nothing else reads the body any more when this is called.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>?> RecallAsync(CancellationToken cancellationToken)
    {
        if (_whole is not null || _stream is null)
        {
            return _whole;
        }

        var scratch = new byte[16 * 1024];
        while (!_stream.IsWhole && !_stream.IsOverflowed)
        {
            if (await _stream.ReadAsync(scratch, cancellationToken) == 0)
            {
                break;
            }
        }

        return _stream.IsWhole ? _stream.Kept : (ReadOnlyMemory<byte>?)null;
    }

    /// <summary>
    /// Whether a second sending is possible, as far as can be told before the body was read to its end. One whose length nobody told is read on for that,
    /// until it has ended, is too large, or some seconds are over.
    /// </summary>
    /// <param name="sent">Ends when nothing else reads the body any more; until then it is left to that.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async ValueTask<bool> CanRecallAsync(Task sent, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_stream is null || Whole is not null)
        {
            return true;
        }

        if (_stream.IsOverflowed || _length is not null)
        {
            return !_stream.IsOverflowed && _length <= Limit;
        }

        using var limit = new CancellationTokenSource(LongestWait, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await Task.WhenAny(sent, _stream.Settled).WaitAsync(both.Token);
            return _stream.Settled.IsCompleted ? _stream.IsWhole : await RecallAsync(both.Token) is not null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
