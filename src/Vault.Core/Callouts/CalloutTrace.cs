using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>What a trial sees of its callout beyond what a caller does. Used by one callout.</summary>
internal sealed class CalloutTrace
{
    /// <summary>Every request that was sent, masked.</summary>
    public SignInTrace Steps { get; } = new();

    /// <summary>Whether there is no token because the sign-in failed.</summary>
    public bool HasSignInFailed { get; private set; }

    /// <summary>Told of the answer that a second sending takes the place of, before it goes; null: nobody listens.</summary>
    public Func<HttpResponseMessage, Task>? Replaced { get; set; }

    /// <summary>A fresh token, whatever there is: a trial finds out whether there can be one.</summary>
    public async Task<Result<TokenSet>> SignInAsync(TokenSource tokens, TokenRequest request, CancellationToken cancellationToken)
    {
        var token = await tokens.RenewAsync(request, Steps, cancellationToken);
        HasSignInFailed = !token.IsOk;
        return token;
    }
}
