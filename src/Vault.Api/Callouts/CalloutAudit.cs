using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Audit;
using Vault.Core.Callouts;
using Vault.Core.Primitives;

namespace Vault.Api.Callouts;

/// <summary>The record of one callout: what is known so far, and when it has to be kept; contract sections 7 and 9.</summary>
internal sealed class CalloutAudit
{
    private const int MaxText = 2000;

    // The first record tells how long the head took; what a body takes beyond it is told where it matters.
    private static readonly TimeSpan SlowBody = TimeSpan.FromMilliseconds(250);

    private readonly HttpContext _context;
    private readonly AuditLog _log;
    private readonly AuditDurability _durability;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly DateTimeOffset _at;
    private readonly string? _traceId;
    private string _actor = "anonymous";
    private string _target = "";
    private string? _path;
    private string? _asked;
    private AdmittedCallout? _admitted;
    private Callout? _callout;
    private AuditEvent? _intended;
    private AuditEvent? _first;
    private bool _isRefused;
    private bool _isOnlyCounted;

    /// <summary>Begins.</summary>
    public CalloutAudit(HttpContext context, AuditLog log, AuditDurability durability, TimeProvider time)
    {
        _context = context;
        _log = log;
        _durability = durability;
        _time = time;
        _started = time.GetTimestamp();
        _at = AuditChain.InMicroseconds(time.GetUtcNow());
        _traceId = TraceContext.IdOf(context);
    }

    /// <summary>The status that the caller gets; null: none yet.</summary>
    public int? Status { get; private set; }

    /// <summary>The vault's own code, where it didn't go well; null otherwise.</summary>
    public string? Code { get; private set; }

    /// <summary>The named credential, as it was called.</summary>
    public string Name => _target;

    /// <summary>Whether a URL was called, rather than a named credential.</summary>
    public bool IsByUrl => _asked is not null;

    /// <summary>What it was admitted by; null: it wasn't.</summary>
    public AdmittedCallout? Way => _admitted;

    /// <summary>Since it began.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(_started);

    /// <summary>Whether something may have been sent.</summary>
    public bool IsSending => _callout is not null;

    /// <summary>The app that calls; null: it is none, or isn't known yet.</summary>
    public Guid? App { get; private set; }

    /// <summary>Who calls.</summary>
    public void Actor(string name, Guid? app = null) => (_actor, App) = (name, app);

    /// <summary>One of too many refused sign-ins: it has no record of its own, unless it has begun one.</summary>
    public void OnlyCounted() => _isOnlyCounted = _intended is null;

    /// <summary>It is judged anew: what it was admitted by counts no longer. Whose intent of what was recorded stays so: it is the same callout's.</summary>
    public void Again()
    {
        _admitted = null;
        if (_intended is null)
        {
            Actor("anonymous");
        }
    }

    /// <summary>What is called.</summary>
    public void Target(string name, string path) => (_target, _path) = (_intended?.Target ?? Cut(name), Cut(path));

    /// <summary>What is to go on; null: nobody knows yet.</summary>
    public CalloutRequest? Request { get; private set; }

    /// <summary>What is to go on: a WebSocket of HTTP/2 by another method than it came.</summary>
    public void Sends(CalloutRequest request) => Request = request;

    /// <summary>The host that was asked for, where the request names one.</summary>
    public void Asked(string? host) => _asked = host;

    /// <summary>Where it goes, and the path after the name.</summary>
    public void Admitted(AdmittedCallout admitted, string path) => (_admitted, _target, _path) = (admitted, admitted.Named.Name.Value, Cut(path));

    /// <summary>It was made ready, and is sent.</summary>
    public void Sending(Callout callout) => _callout = callout;

    /// <summary>Whether the record can be kept; false: nothing may be sent.</summary>
    public Task<bool> MaySendAsync() => _durability switch
    {
        AuditDurability.BeforeSend => IntendAsync(),
        AuditDurability.Background => _log.CanNoteAsync(),
        _ => _log.CanWriteAsync(),
    };

    // Once for each place that it may go to.
    private Task<bool> IntendAsync()
    {
        var intent = Record(AuditOutcomes.Intent, null, isOver: false);
        if (_intended is { } before && (before.Actor, before.Target, before.Host, before.Path, before.Principal, before.User) == (intent.Actor, intent.Target, intent.Host, intent.Path, intent.Principal, intent.User))
        {
            return Task.FromResult(true);
        }

        _intended = intent;
        return _log.WriteAsync(intent);
    }

    /// <summary>The head of an answer came; false: it can't be recorded, and isn't handed on.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="length">How long its body will be; null: nobody knows yet.</param>
    public Task<bool> AnsweredAsync(int status, long? length)
    {
        Status = status;
        _first = Record(AuditOutcomes.Success, null, bytesOut: length);
        return KeepAsync(_first);
    }

    /// <summary>The answer ended; what the first record couldn't say is told by a second.</summary>
    public void Ended(long bytesOut, bool isWhole)
    {
        if (!isWhole || _first?.BytesOut != bytesOut || _first.BytesIn != BytesIn || Elapsed.TotalMilliseconds - _first.DurationMs >= SlowBody.TotalMilliseconds)
        {
            _log.Note(Record(isWhole ? AuditOutcomes.Success : AuditOutcomes.Failed, null, bytesOut: bytesOut));
        }
    }

    /// <summary>Answers with an error of the vault's, recorded first; where that can't be, with <c>audit-unavailable</c>.</summary>
    public async Task RefuseAsync(VaultError error)
    {
        if (_isRefused)
        {
            // It is on record: the answer itself went wrong.
        }
        else if (error.Code == ErrorCodes.AuditUnavailable)
        {
            // That a record can't be kept now is known; this one is kept once one can.
            _log.Note(Refused(error));
        }
        else if (!await KeepAsync(Refused(error)))
        {
            error = new VaultError(ErrorCodes.AuditUnavailable, "The audit record can't be kept. Try again.") { RetryAfter = error.RetryAfter };
            _log.Note(Refused(error));
        }

        await _context.AnswerAsync(error);
    }

    /// <summary>Something went wrong that nobody foresaw, or the caller went away; a refusal that was recorded stays one.</summary>
    public Task BreakAsync(string? code)
    {
        if (_isRefused)
        {
            return Task.CompletedTask;
        }

        Code = code ?? "canceled";
        return KeepAsync(Record(AuditOutcomes.Failed, code));
    }

    private long? BytesIn => _context.Request.ContentLength ?? (_callout is { Request.Body: not null } callout ? callout.BytesIn : null);

    private static string Cut(string text) => AuditedRequests.Cut(text, MaxText);

    private AuditEvent Record(string outcome, string? code, bool isOver = true, long? bytesOut = null) =>
        new(_context.TraceIdentifier, _at, _actor, "callout", _target, outcome)
        {
            Principal = _admitted?.Principal.Name.Value,
            User = _admitted is { User.Length: > 0 } ? _admitted.User : _admitted?.RecordedUser,
            Method = Cut(Request?.Method ?? _context.Request.Method),
            Host = _admitted?.Host ?? _asked,
            Path = _path,
            Status = Status,
            DurationMs = isOver ? Math.Round(Elapsed.TotalMilliseconds, 1) : null,
            BytesIn = BytesIn,
            BytesOut = bytesOut,
            RemoteAddress = AuditedRequests.AddressOf(_context),
            Code = code,
            TraceId = _traceId,
        };

    private AuditEvent Refused(VaultError error)
    {
        var status = ErrorStatus.Of(error.Code);
        (Status, Code) = (status, error.Code);
        _isRefused = true;
        return Record(AuditOutcomes.Of(status), error.Code);
    }

    private Task<bool> KeepAsync(AuditEvent audited)
    {
        if (_isOnlyCounted)
        {
            return Task.FromResult(true);
        }

        if (_durability is not AuditDurability.Background)
        {
            return _log.WriteAsync(audited);
        }

        _log.Note(audited);
        return Task.FromResult(true);
    }
}
