using System.Globalization;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Tokens that a person consents to: whether that is needed, and what comes of it.</summary>
internal sealed class TokenConsents(TokenSlots slots, TokenKeeping keeping, TokenSignIn signIn, bool isShared, TimeProvider time)
{
    private static readonly TimeSpan LookPace = TimeSpan.FromSeconds(2);

    /// <summary>What asking for a consent to this account needs.</summary>
    public TokenAcquisition ContextOf(TokenRequest request) => signIn.Acquisition(request, null, false, null);

    /// <summary>Whether a person has to consent before there can be a token.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="isAwaited">Whether a token is asked for next, so that a sign-in under way tells; else what it comes from has to be there.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<bool> IsNeededAsync(TokenRequest request, bool isAwaited, CancellationToken cancellationToken)
    {
        if (request.Credential.Authentication.Tokens is not { ConsentParameters: not null } protocol)
        {
            return false;
        }

        var slot = slots.Get(request.Key);
        lock (slot.Gate)
        {
            if (isAwaited && slot.After is { IsCompleted: false })
            {
                // Whoever asks for the token waits for what comes of that.
                return false;
            }
        }

        var isLoaded = await LoadAsync(request, slot);
        cancellationToken.ThrowIfCancellationRequested();
        var isNeeded = Judge();
        if (isNeeded && isLoaded && isShared && IsToLook(slot))
        {
            // Another process may have it, and the word of that may have been lost.
            await keeping.LookAsync(request, request.Key, slot);
            isNeeded = Judge();
        }

        return isNeeded;

        bool Judge()
        {
            lock (slot.Gate)
            {
                // The one before is no token any more, whatever end it says; it may hold what renews it.
                var token = slot.Current ?? (slot.Previous is { IsRenewable: true } previous ? previous : null);
                return !(isAwaited && slot.Pending is not null) && protocol.NeedsConsent(signIn.Acquisition(request, token, false, null));
            }
        }
    }

    /// <summary>The consent's token where it is good and nothing renews it, so that only the person can give a fresh one; null: it isn't so.</summary>
    public async Task<TokenSet?> FindUnrenewableAsync(TokenRequest request)
    {
        if (request.Credential.Authentication.Tokens is not { ConsentParameters: not null } protocol)
        {
            return null;
        }

        var slot = slots.Get(request.Key);
        await LoadAsync(request, slot);
        lock (slot.Gate)
        {
            return slot.Current is { IsRenewable: false } token && !token.IsExpired(time.GetUtcNow()) && protocol.NeedsConsent(signIn.Acquisition(request, null, false, null)) ? token : null;
        }
    }

    /// <summary>Why there is no fresh one in its place.</summary>
    public static VaultError Unrenewable(TokenSet token) => new(
        ErrorCodes.CredentialNotConfigured,
        "There is no refresh token: the service gave none with the consent, or takes it no more. The token in use is good until "
        + (token.ExpiresAt is { } end ? end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "the service refuses it")
        + "; for a fresh one the person has to consent again (POST …/credential/authorize).");

    /// <summary>Keeps what came of a consent.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="token">The token.</param>
    /// <param name="consentRequest">Of the row that says that the consent is asked for: it goes with this.</param>
    /// <returns>False: it was closed meanwhile, and nothing is kept.</returns>
    public async Task<bool> PutAsync(TokenRequest request, TokenSet token, Guid consentRequest)
    {
        var slot = slots.Get(request.Key);
        if (!slot.IsLoaded)
        {
            await keeping.LoadAsync(request, request.Key, slot);
        }

        if (!await keeping.SaveAsync(request, token, consentRequest))
        {
            return false;
        }

        lock (slot.Gate)
        {
            if (!slot.IsEvicted)
            {
                slot.Put(token, time.GetUtcNow());
                return true;
            }
        }

        // The slot after it may have been read before the token was saved.
        slots.Evict(request.Key.ExternalCredentialId);
        return true;
    }

    /// <summary>Tells the service that what came of a consent is not used.</summary>
    public Task EndAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken) => signIn.EndAsync(request, token, cancellationToken);

    // False: the store was read just now.
    private async Task<bool> LoadAsync(TokenRequest request, TokenSlot slot)
    {
        bool isLoaded;
        lock (slot.Gate)
        {
            isLoaded = slot.IsLoaded;
        }

        if (!isLoaded && await keeping.LoadAsync(request, request.Key, slot) is { } stored)
        {
            lock (slot.Gate)
            {
                slot.Current ??= stored;
            }
        }

        return isLoaded;
    }

    private bool IsToLook(TokenSlot slot)
    {
        lock (slot.Gate)
        {
            var isToLook = slot.LookedAt is not { } at || time.GetElapsedTime(at) >= LookPace;
            slot.LookedAt = isToLook ? time.GetTimestamp() : slot.LookedAt;
            return isToLook;
        }
    }
}
