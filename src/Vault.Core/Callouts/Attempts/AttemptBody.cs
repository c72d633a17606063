using Vault.Core.Authentication.Scopes;
using Vault.Core.Callouts.Bodies;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The body of one attempt: as it is, merged whole, or merged while it streams.</summary>
internal readonly struct AttemptBody
{
    private const int RoomForValues = 256;

    private readonly Callout _callout;
    private readonly ReadOnlyMemory<byte>? _whole;
    private readonly MergeBodyFormat? _format;
    private readonly MergeBody? _merge;

    private AttemptBody(Callout callout, ReadOnlyMemory<byte>? whole, MergeBodyFormat? format, MergeBody? merge)
    {
        _callout = callout;
        _whole = whole;
        _format = format;
        _merge = merge;
    }

    /// <summary>What goes out.</summary>
    /// <param name="Whole">The whole body; null where it is streamed or there is none.</param>
    /// <param name="Transform">What happens to a streamed one.</param>
    internal readonly record struct Outgoing(ReadOnlyMemory<byte>? Whole, IBodyTransform? Transform);

    /// <summary>Reads the body's fields; <c>merge-unsupported-content</c> or <c>merge-field-invalid</c>.</summary>
    /// <param name="callout">The callout.</param>
    /// <param name="whole">The body where it is held; null where it streams, or there is none.</param>
    public static Result<AttemptBody> Parse(Callout callout, ReadOnlyMemory<byte>? whole)
    {
        if (!callout.Body.Exists || !callout.Plan.Named.AllowMergeFieldsInBody || callout.Request.IsGrpc || callout.Request.IsUpgrade)
        {
            return new AttemptBody(callout, whole, null, null);
        }

        if (callout.HasComputedContentType)
        {
            // How a value would have to be escaped is known only when all is made.
            return whole is { } held && !MergeBody.MayHaveFields(held.Span)
                ? new AttemptBody(callout, whole, null, null)
                : new VaultError(ErrorCodes.MergeUnsupportedContent, "The Content-Type is made of merge fields itself, so that none can be filled into the body.");
        }

        if (callout.Plan.ContentType is null && callout.Request.All("Content-Type") != callout.Request.ContentType && (whole is null || MergeBody.MayHaveFields(whole.Value.Span)))
        {
            // Which of them the service goes by, nobody knows.
            return new VaultError(ErrorCodes.MergeUnsupportedContent, "Merge fields can't be filled into a body with more than one Content-Type.");
        }

        var coding = callout.Request.All("Content-Encoding");
        var format = MergeBodyFormat.Parse(callout.ContentType, coding, (whole ?? callout.Body.Head).Span);
        if (!format.IsOk)
        {
            // What the body itself declares, or what can't be told, matters only where there is something to fill in.
            var type = MergeBodyFormat.IsClear(callout.ContentType) ? callout.ContentType : null;
            return whole is { } held && MergeBodyFormat.Parse(type, coding) is { IsOk: true, Value: var told } && !MayHaveFields(held, told)
                ? new AttemptBody(callout, whole, null, null)
                : format.Error;
        }

        if (whole is null)
        {
            return new AttemptBody(callout, null, format.Value, null);
        }

        var merge = MergeBody.Parse(whole.Value, format.Value);
        return merge.IsOk ? new AttemptBody(callout, whole, format.Value, merge.Value) : merge.Error;
    }

    /// <summary>Whether a preview shows masks in it.</summary>
    public bool IsHidden => _merge?.References.Any(MaskedScope.Hides) is true;

    public VaultError? Check(AttemptScopes scopes) => _merge?.Check(scopes.CallerBody);

    /// <summary>Resolves what needs no token, so that a field that can't be resolved is found before one is fetched.</summary>
    public VaultError? TryWithoutToken(AttemptScopes scopes)
    {
        if (_merge is not { HasFields: true } merge)
        {
            return null;
        }

        try
        {
            return merge.Try(scopes.CallerBody, static references => !ComputedNames.NeedTokenOrBody(references), new LimitedBuffer(HeldBody.Limit));
        }
        catch (BufferFullException)
        {
            // It will be streamed, or is too large: what is behind that is found out then.
            return null;
        }
    }

    public ValueTask<VaultError?> PrepareAsync(AttemptScopes scopes, CancellationToken cancellationToken) =>
        _merge is null ? ValueTask.FromResult<VaultError?>(null) : _merge.PrepareAsync(scopes.CallerBody, cancellationToken);

    /// <summary>Fills the fields in, up to 1 MiB; what grows beyond it is streamed, like a body that came larger.</summary>
    public Result<Outgoing> Resolve(AttemptScopes scopes)
    {
        // The length of masks says nothing.
        var limit = scopes.IsMasked ? null : _callout.Plan.Named.MaxRequestBytes;
        if (_merge is { HasFields: true })
        {
            return ResolveWhole(scopes.CallerBody, limit);
        }

        return _whole is null && _format is not null && _callout.Body.Exists
            ? new Outgoing(null, new MergedBody(_format, scopes.CallerBody, limit, _callout.Echoes))
            : AsItIs(_callout, _whole);
    }

    /// <summary>A body in which no field is looked for.</summary>
    /// <param name="callout">The callout.</param>
    /// <param name="whole">The body where it is held; null where it streams, or there is none.</param>
    public static Result<Outgoing> AsItIs(Callout callout, ReadOnlyMemory<byte>? whole)
    {
        var limit = callout.Plan.Named.MaxRequestBytes;
        if (whole is { } held)
        {
            return held.Length > limit ? CalloutAbortedException.BodyTooLarge(limit.Value) : new Outgoing(held, null);
        }

        return new Outgoing(null, callout.Body.Exists ? new PlainBody(limit) : null);
    }

    // Of wide text the kind is known, so that what only looks like a field (a comment in XML) can be told from one.
    private static bool MayHaveFields(ReadOnlyMemory<byte> body, MergeBodyFormat told) => WideText.ToUtf8(body.Span) is { } text
        ? MergeBody.Parse(text, told) is not { IsOk: true, Value.HasFields: false }
        : MergeBody.MayHaveFields(body.Span);

    private Result<Outgoing> ResolveWhole(IMergeScope scope, long? limit)
    {
        var output = new LimitedBuffer(HeldBody.Limit, (_whole?.Length ?? 0) + RoomForValues);
        try
        {
            if (_merge!.Resolve(scope, output) is { } error)
            {
                return error;
            }
        }
        catch (BufferFullException)
        {
            // Known to be too large before anything was sent.
            if (limit <= HeldBody.Limit)
            {
                return CalloutAbortedException.BodyTooLarge(limit.Value);
            }

            scope.Work?.Forget();
            _callout.Body = HeldBody.Streamed(_whole!.Value);
            return new Outgoing(null, new MergedBody(_format!, scope, limit, _callout.Echoes));
        }

        return output.Written.Length > limit ? CalloutAbortedException.BodyTooLarge(limit.Value) : new Outgoing(output.Written, null);
    }
}
