using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>The tokens that answers must not echo.</summary>
internal sealed class KnownTokens(TokenSlots slots, TokenKeeping keeping, TimeProvider time)
{
    private static readonly TimeSpan LearnedLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The key's tokens of the last 24 hours, the current one included. Where nobody asked for one yet, the store is read for it,
    /// once for all who wait, and again after an hour; what sign-ins go by is left alone. Without the store, what this process knows counts. Of thousands, the newest.
    /// </summary>
    public async ValueTask<IReadOnlyList<SecretText>> OfAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var slot = slots.Get(request.Key);
        if (Learning(request, slot) is { } learning)
        {
            await learning.WaitAsync(cancellationToken);
        }

        lock (slot.Gate)
        {
            return slot.History.Known(slot.Current, request.Credential.Authentication.Tokens, time.GetUtcNow());
        }
    }

    private Task? Learning(TokenRequest request, TokenSlot slot)
    {
        lock (slot.Gate)
        {
            var history = slot.History;
            return slot.IsLoaded || (history.LearnedAt is { } at && time.GetElapsedTime(at) < (history.HasNotLearned ? Patience : LearnedLife))
                ? null
                : history.Learning ??= Task.Run(() => LearnAsync(request, slot));
        }
    }

    private async Task LearnAsync(TokenRequest request, TokenSlot slot)
    {
        var history = slot.History;
        try
        {
            var learned = await keeping.OfTheDayAsync(request, request.Key);
            lock (slot.Gate)
            {
                // Where it was loaded meanwhile, that knows all of them. Without the store, callouts go on by what this process knows.
                history.Learned = slot.IsLoaded ? [] : learned ?? history.Learned;
                (history.LearnedAt, history.HasNotLearned) = (time.GetTimestamp(), learned is null);
            }
        }
        finally
        {
            lock (slot.Gate)
            {
                history.Learning = null;
            }
        }
    }
}
