using System.Net;
using System.Runtime.CompilerServices;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Trials;

/// <summary>Reads the answer of a trial for whether it comes to an end and how long it is, and throws its bytes away.</summary>
internal static class AnswerEnd
{
    // A feed has no end, and a trial is waited for: what was good for so long is taken as good.
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Reads it.</summary>
    /// <returns>
    /// Why the answer broke off or can't be handed on, null where it ended, or went well for as long as it was read; and how many bytes were read.
    /// </returns>
    public static async Task<(VaultError? Fault, long Bytes)> ReadAsync(HttpResponseMessage answer, Callout callout, CancellationToken cancellationToken)
    {
        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols || AnswerContent.HeadersOf(answer).ContentType?.MediaType == "text/event-stream")
        {
            return (null, 0);
        }

        var count = new StrongBox<long>();
        var reading = CountAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), count, cancellationToken);
        await ((Task)reading).WaitAsync(Longest, callout.Idle.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!reading.IsCompleted)
        {
            callout.Idle.Cancel();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            return (null, count.Value);
        }

        try
        {
            await reading;
            return (null, count.Value);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return (callout.Error ?? CalloutFaults.ToError(exception, callout, isAnswering: true), count.Value);
        }
    }

    private static async Task CountAsync(Stream body, StrongBox<long> count, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        for (var read = -1; read != 0 && count.Value < MostBytes; count.Value += read)
        {
            read = await body.ReadAsync(buffer, cancellationToken);
        }
    }
}
