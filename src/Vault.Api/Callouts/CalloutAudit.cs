using System.Diagnostics;
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
    private readonly HttpContext _context;
    private readonly AuditLog _log;
    private readonly AuditDurability _durability;
    private readonly TimeProvider _time;
    private readonly long _started;
    private AuditEvent _event;
    private long? _declared;
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
        _event = new AuditEvent(context.TraceIdentifier, time.GetUtcNow(), "anonymous", "callout", "", AuditOutcomes.Denied)
        {
            Method = Cut(context.Request.Method),
            RemoteAddress = AuditedRequests.AddressOf(context),
            TraceId = Activity.Current?.TraceId.ToHexString(),
            BytesIn = context.Request.ContentLength,
        };
    }

    /// <summary>Who calls.</summary>
    public void Actor(string name) => _event = _event with { Actor = name };

    /// <summary>One of too many refused sign-ins: it has no record of its own.</summary>
    public void OnlyCounted() => _isOnlyCounted = true;

    /// <summary>What is called.</summary>
    public void Target(string name, string path) => _event = _event with { Target = Cut(name), Path = Cut(path) };

    /// <summary>Where it goes.</summary>
    public void Admitted(AdmittedCallout admitted) => _event = _event with
    {
        Target = admitted.Named.Name.Value,
        Principal = admitted.Principal.Name.Value,
        User = admitted.User.Length > 0 ? admitted.User : admitted.RecordedUser,
        Host = admitted.Host,
    };

    /// <summary>Whether the record can be kept; false: nothing may be sent.</summary>
    public Task<bool> MaySendAsync() => _durability switch
    {
        AuditDurability.BeforeSend => _log.WriteAsync(_event with { Outcome = AuditOutcomes.Intent }),
        AuditDurability.Background when _log.IsKeeping => Task.FromResult(true),
        _ => _log.CanWriteAsync(),
    };

    /// <summary>The head of an answer came; false: it can't be recorded, and isn't handed on.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="length">How long its body will be; null: nobody knows yet.</param>
    public Task<bool> AnsweredAsync(int status, long? length)
    {
        _declared = length;
        _event = _event with { Outcome = AuditOutcomes.Success, Status = status };
        return KeepAsync(Now() with { BytesOut = length });
    }

    /// <summary>The answer ended; what the first record couldn't say is told by a second.</summary>
    public void Ended(long bytesOut, bool isWhole)
    {
        if (_declared != bytesOut || !isWhole)
        {
            _log.Note(Now() with { BytesOut = bytesOut, Outcome = isWhole ? AuditOutcomes.Success : AuditOutcomes.Failed });
        }
    }

    /// <summary>Answers with an error of the vault's, recorded first; where that can't be, with <c>audit-unavailable</c>.</summary>
    public async Task RefuseAsync(VaultError error)
    {
        Refused(error);
        if (error.Code == ErrorCodes.AuditUnavailable)
        {
            // That a record can't be kept now is known; this one is kept once one can.
            _log.Note(Now());
        }
        else if (!await KeepAsync(Now()))
        {
            error = new VaultError(ErrorCodes.AuditUnavailable, "The audit record can't be kept. Try again.");
            Refused(error);
            _log.Note(Now());
        }

        await _context.AnswerAsync(error);
    }

    /// <summary>Something went wrong that nobody foresaw, or the caller went away; a refusal that was recorded stays one.</summary>
    public Task BreakAsync(string? code) => _isRefused ? Task.CompletedTask : KeepAsync(Now() with { Outcome = AuditOutcomes.Failed, Code = code });

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText];

    private AuditEvent Now() => _event with { DurationMs = Math.Round(_time.GetElapsedTime(_started).TotalMilliseconds, 1) };

    private void Refused(VaultError error)
    {
        var status = ErrorStatus.Of(error.Code);
        _event = _event with { Outcome = AuditOutcomes.Of(status), Status = status, Code = error.Code };
        _isRefused = true;
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
