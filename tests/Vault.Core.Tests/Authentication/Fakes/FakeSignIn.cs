using Vault.Core.Authentication;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>A protocol whose sign-ins are counted, held back, failed, or given a life, as the test says.</summary>
internal sealed class FakeSignIn(TimeProvider time, bool isRelative = false) : BoundProtocol, ITokenProtocol
{
    private int _calls;

    public TaskCompletionSource? Gate { get; set; }

    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TimeSpan? Life { get; set; }

    public VaultError? Error { get; set; }

    public Exception? Fault { get; set; }

    /// <summary>How many characters its tokens have at least.</summary>
    public int Length { get; set; }

    /// <summary>Whether its tokens hold what renews them.</summary>
    public bool IsRenewable { get; set; }

    /// <summary>What renews the token, as it was last handed in; null: nothing.</summary>
    public string? TradedIn { get; private set; }

    /// <summary>Those that a person's consent is for; null: none is asked for.</summary>
    public IReadOnlyList<string>? ConsentParameters { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    public override ITokenProtocol Tokens => this;

    public override bool UsesNamedCredentialUrl => isRelative;

    public IReadOnlyList<string> TokenNames => ["t"];

    public IReadOnlyList<DeadTokenSign> RefreshOn => [new DeadTokenSign(401, null)];

    public bool NeedsConsent(TokenAcquisition context) => ConsentParameters is not null && context.Previous?.IsRenewable is not true;

    /// <summary>The token says for whom it was got, so that a test can see whether it is ever given to another.</summary>
    public async Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _calls);
        Reached.TrySetResult();
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        if (Fault is not null)
        {
            throw Fault;
        }

        if (Error is not null)
        {
            return Error;
        }

        var now = time.GetUtcNow();
        var who = context.Parameters.Open("Who");
        var text = $"{(who.IsOk ? who.Value.Reveal() : "nobody")}@{(isRelative ? context.NamedCredentialUrl : "")}#{number}";
        TradedIn = context.Previous?.Values.GetValueOrDefault("refreshToken")?.Reveal();
        var values = new Dictionary<string, SecretText> { ["t"] = new(text.PadRight(Length, '.')) };
        if (IsRenewable)
        {
            values["refreshToken"] = new($"refresh#{number}");
        }

        return new TokenSet(Guid.NewGuid(), values, now, now + Life);
    }
}
