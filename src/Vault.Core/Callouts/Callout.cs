using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Signing;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>One callout under way: its request, its attempts and what became of it. Used by one request at a time.</summary>
public sealed class Callout : IDisposable
{
    private IdleTimers? _timers;

    internal Callout(CalloutRequest request, AdmittedCallout admitted, CalloutPlan plan, CredentialSet credentials, IdleTimers timers, CancellationToken aborted)
    {
        _timers = timers;
        Request = request;
        Admitted = admitted;
        Plan = plan;
        Credentials = credentials;
        Idle = timers.Start(TimeSpan.FromSeconds(admitted.Named.TimeoutSeconds), aborted);
        Echoes = new EchoSearch(this);
    }

    /// <summary>As the caller sent it.</summary>
    public CalloutRequest Request { get; }

    /// <summary>What it uses.</summary>
    public AdmittedCallout Admitted { get; }

    /// <summary>Why the vault itself ended the callout; null where it didn't.</summary>
    public VaultError? Error { get; internal set; }

    /// <summary>Whether the head of an answer has come; from then on the answer is upstream's.</summary>
    public bool HasAnswer { get; internal set; }

    /// <summary>How much of the caller's body has come.</summary>
    public long BytesIn { get; internal set; }

    /// <summary>How much of the answer's body has come.</summary>
    public long BytesOut { get; internal set; }

    /// <summary>Whether the head of the answer stands on the caller's response, and may be sent before its body is there.</summary>
    public bool IsHeadReady { get; set; }

    /// <summary>Whether nothing came for <c>timeoutSeconds</c>.</summary>
    public bool TimedOut => Idle.IsExpired;

    /// <summary>What to do to the headers of the answer.</summary>
    public EchoSearch Echoes { get; }

    /// <summary>Whether the answer's body was decoded on the way.</summary>
    public bool IsDecoded { get; internal set; }

    /// <summary>Ends with the caller, or when nothing came for too long.</summary>
    public CancellationToken Cancellation => Idle.Token;

    /// <summary>Upstream's host and port, for messages.</summary>
    public string Host => Attempt?.Uri.Authority ?? Admitted.Named.Name.Value;

    /// <summary>Whether upstream is reached over TLS.</summary>
    public bool IsHttps => Attempt?.Uri.Scheme == Uri.UriSchemeHttps;

    internal CalloutPlan Plan { get; }

    /// <summary>The <c>Content-Type</c> that is sent, an admin's before the caller's; null where there is none, or fields make it.</summary>
    internal string? ContentType => Plan.ContentType is { } own ? own.HasFields ? null : own.Text : HasComputedContentType ? null : Request.ContentType;

    /// <summary>Whether fields make the <c>Content-Type</c>.</summary>
    internal bool HasComputedContentType => Plan.ContentType?.HasFields ?? (Request.ContentType is { } type && AttemptHeaders.TemplateOf(this, type) is not null);

    /// <summary>Whether a header is computed from the body, so that it has to be held whole.</summary>
    internal bool NeedsBody => Plan.NeedsBody || AttemptHeaders.NamesBody(this);

    /// <summary>What is reading the caller's body, if anything.</summary>
    internal StreamedContent? Sending { get; set; }

    /// <summary>What the second sending answers; null: nothing.</summary>
    internal object? Challenge { get; set; }

    /// <summary>How much of the body the signature needs; where nobody knows yet of what kind it is, as much as it may.</summary>
    internal BodyNeed SignatureNeed => Plan.NeedOf(HasComputedContentType ? "application/x-www-form-urlencoded" : ContentType);

    internal CredentialSet Credentials { get; }

    /// <summary>The connections that its requests go over.</summary>
    internal HttpMessageInvoker? Http { get; init; }

    internal IdleTimer Idle { get; }

    internal HeldBody Body { get; set; } = HeldBody.None;

    /// <summary>The attempt that is to be sent next, or was sent last.</summary>
    internal CalloutAttempt? Attempt { get; set; }

    /// <summary>From here on something is waited for that isn't upstream's to do: <c>timeoutSeconds</c> stands still.</summary>
    public void PauseTimeout() => Idle.Hold();

    /// <summary>It is there; <c>timeoutSeconds</c> begins anew.</summary>
    public void RestartTimeout() => Idle.Release();

    /// <summary>Stops sending the caller's body, if it is still being sent; ends when nobody reads it any more.</summary>
    public Task StopSendingAsync() => Sending?.StopAsync() ?? Task.CompletedTask;

    /// <inheritdoc />
    public void Dispose()
    {
        // Whoever still reads the caller's body, or the other direction of an upgrade, goes on noting that it does.
        Interlocked.Exchange(ref _timers, null)?.End(Idle, mayBeInUse: Request.IsUpgrade || Sending is { Sent.IsCompleted: false });
    }
}
