using System.Net;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>
/// Judges the head of an upstream's answer: the client below takes more than two readers would read in the same way. See
/// docs/decisions/0007-strict-heads.md.
/// </summary>
internal static class AnswerHead
{
    /// <summary>What is wrong with it, in a few words; null where it is plain.</summary>
    /// <param name="answer">As it came.</param>
    /// <param name="request">The caller's request.</param>
    public static string? Fault(HttpResponseMessage answer, CalloutRequest request)
    {
        if ((int)answer.StatusCode < 100)
        {
            return "its status is not one";
        }

        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols && !request.IsUpgrade)
        {
            return "it switches protocols, which nobody asked for";
        }

        if (answer.IsSuccessStatusCode && request.IsConnect)
        {
            return "it doesn't switch protocols, and yet it is a success";
        }

        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols && answer.Content.Headers.ContentLength is > 0)
        {
            return "it is a 101 with a body";
        }

        if (answer.StatusCode is HttpStatusCode.ResetContent && answer.RequestMessage?.Method != HttpMethod.Head && answer.Content.Headers.ContentLength is > 0)
        {
            return "it is a 205 with a body";
        }

        if (answer.ReasonPhrase is { } reason && !WireText.IsValue(reason))
        {
            return "its status line has a control character";
        }

        if (FramingFault(answer) is { } framing)
        {
            return framing;
        }

        return HasControl(answer.Headers.NonValidated) || HasControl(answer.Content.Headers.NonValidated) ? "a header has a control character" : null;
    }

    private static string? FramingFault(HttpResponseMessage answer)
    {
        var hasLength = answer.Content.Headers.NonValidated.TryGetValues("Content-Length", out var lengths);
        if (hasLength && !(lengths.Count == 1 && StrictRequestFraming.IsLength(lengths.ToString()) && answer.Content.Headers.ContentLength is not null))
        {
            return "its Content-Length is not one number";
        }

        // Over HTTP/2 it says nothing about the body, and like any header of a connection it isn't handed on.
        if (answer.Version.Major > 1 || !answer.Headers.NonValidated.TryGetValues("Transfer-Encoding", out var codings))
        {
            return null;
        }

        return hasLength || answer.Version.Minor == 0 || codings.Count != 1 || !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase)
            ? "its Transfer-Encoding is not chunked alone"
            : null;
    }

    private static bool HasControl(System.Net.Http.Headers.HttpHeadersNonValidated headers)
    {
        foreach (var header in headers)
        {
            foreach (var value in header.Value)
            {
                if (!WireText.IsValue(value))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
