namespace Vault.Core.Audit;

/// <summary>How something ended.</summary>
public static class AuditOutcomes
{
    /// <summary>It was done; of a callout: the service's answer was handed on, whatever its status.</summary>
    public const string Success = "success";

    /// <summary>The vault refused it.</summary>
    public const string Denied = "denied";

    /// <summary>It could not be done.</summary>
    public const string Failed = "failed";

    /// <summary>It is about to be sent (<c>Vault:Audit:Durability=beforeSend</c>).</summary>
    public const string Intent = "intent";

    /// <summary>The outcome of an answer of this status.</summary>
    public static string Of(int status) => status < 400 ? Success : status < 500 ? Denied : Failed;
}

/// <summary>What happened, as it is told to the audit; never a query, a header value, a body or a secret. Contract section 7.</summary>
/// <param name="Id">Of the request, as in <c>X-Vault-Request-Id</c>; records of one callout share it.</param>
/// <param name="At">When it began.</param>
/// <param name="Actor">The app, or the name of the key; <c>anonymous</c>, or <c>vault</c> itself.</param>
/// <param name="Action">As in <c>callout</c> or <c>app.created</c>.</param>
/// <param name="Target">What it was done to, by name.</param>
/// <param name="Outcome">One of <see cref="AuditOutcomes"/>.</param>
public sealed record AuditEvent(string Id, DateTimeOffset At, string Actor, string Action, string Target, string Outcome)
{
    /// <summary>The principal of the external credential.</summary>
    public string? Principal { get; init; }

    /// <summary>The user whose secrets were used, or whom the app named.</summary>
    public string? User { get; init; }

    /// <summary>The HTTP method.</summary>
    public string? Method { get; init; }

    /// <summary>The service's host; of the admin API: none.</summary>
    public string? Host { get; init; }

    /// <summary>The caller's path, without query; of a callout, what stands after the name.</summary>
    public string? Path { get; init; }

    /// <summary>The status of the answer.</summary>
    public int? Status { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public double? DurationMs { get; init; }

    /// <summary>The length of the caller's body: as it was declared, else how much of it had come; null where it has none.</summary>
    public long? BytesIn { get; init; }

    /// <summary>The length of the answer's body.</summary>
    public long? BytesOut { get; init; }

    /// <summary>The caller's address.</summary>
    public string? RemoteAddress { get; init; }

    /// <summary>The error code, where the vault itself answered with one.</summary>
    public string? Code { get; init; }

    /// <summary>The trace's id (W3C Trace Context).</summary>
    public string? TraceId { get; init; }
}

/// <summary>A record of the audit.</summary>
/// <param name="Sequence">Its number: 1, 2, 3 … over the life of the vault.</param>
/// <param name="Segment">Which run of records it belongs to: a start of the vault begins one, and so does every 10,000th record or a day.</param>
/// <param name="Event">What happened.</param>
/// <param name="Previous">The hash of the record before it.</param>
/// <param name="Hash">The hash of this record, the one before included.</param>
/// <param name="Mac">Authenticates the hash with the vault's key.</param>
public sealed record AuditEntry(long Sequence, int Segment, AuditEvent Event, byte[] Previous, byte[] Hash, byte[] Mac)
{
    /// <summary>Whether it stands in the place of one that can't be read.</summary>
    public bool IsUnreadable => Mac.Length == 0 && Event.Action == AuditActions.Unreadable;
}

/// <summary>The end of the chain.</summary>
/// <param name="Sequence">Of the last record; 0: none.</param>
/// <param name="Segment">Of the last record; 0: none.</param>
/// <param name="Hash">Of the last record.</param>
public sealed record AuditHead(long Sequence, int Segment, byte[] Hash)
{
    /// <summary>Whether both are the same record.</summary>
    public bool Is(AuditHead other) => Sequence == other.Sequence && Hash.AsSpan().SequenceEqual(other.Hash);
}
