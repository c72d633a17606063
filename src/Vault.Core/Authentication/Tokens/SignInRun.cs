using Vault.Core.Authentication.SignIns;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What a sign-in that was begun is for.</summary>
/// <param name="Request">Whose token.</param>
/// <param name="Key">Of the slot.</param>
/// <param name="Slot">What is known in memory.</param>
/// <param name="Generation">Of the slot when it began.</param>
internal sealed record SignInRun(TokenRequest Request, TokenKey Key, TokenSlot Slot, int Generation)
{
    /// <summary>Whether it has to be a fresh token.</summary>
    public bool IsForced { get; init; }

    /// <summary>Whether only what was got before is saved: nobody asks for a token now, and what the request was made of may be gone.</summary>
    public bool IsSavedOnly { get; init; }

    /// <summary>Collects what happens; null: nobody looks.</summary>
    public SignInTrace? Trace { get; init; }
}
