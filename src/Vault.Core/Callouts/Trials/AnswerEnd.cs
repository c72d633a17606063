using System.Net;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Trials;

/// <summary>Reads the answer of a trial for whether it comes to an end, and throws its bytes away.</summary>
internal static class AnswerEnd
{
    // A feed has no end, and a trial is waited for: what was good for so long is taken as good.
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Why the answer broke off or can't be handed on; null where it ended, or went well for as long as it was read.</summary>
    public static async Task<VaultError?> FindFaultAsync(HttpResponseMessage answer, Callout callout, CancellationToken cancellationToken)
    {
        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols || AnswerContent.HeadersOf(answer).ContentType?.MediaType == "text/event-stream")
        {
            return null;
        }

        var reading = ReadAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
        await ((Task)reading).WaitAsync(Longest, callout.Idle.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!reading.IsCompleted)
        {
            callout.Idle.Cancel();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }

        try
        {
            await reading;
            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return callout.Error ?? CalloutFaults.ToError(exception, callout, isAnswering: true);
        }
    }

    private static async Task ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var count = 0;
        for (var read = -1; read != 0 && count < MostBytes; count += read)
        {
            read = await body.ReadAsync(buffer, cancellationToken);
        }
    }
}
