namespace Vault.Core.Authentication.SignIns;

/// <summary>What an answer of a sign-in was, as far as it may be shown: never its body or a header's value.</summary>
/// <param name="Status">The status.</param>
/// <param name="ContentType">The media type, if any.</param>
/// <param name="Bytes">How long the body was.</param>
/// <param name="Headers">The names of its headers.</param>
public sealed record MaskedAnswer(int Status, string? ContentType, long Bytes, IReadOnlyList<string> Headers);

/// <summary>One request of a sign-in as it happened.</summary>
/// <param name="Name">What it was, in words.</param>
/// <param name="Url">Where it went, masked.</param>
/// <param name="Status">The answer's status; null where there was none.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Request">The request, masked.</param>
/// <param name="Response">The answer; null where there was none.</param>
public sealed record TracedStep(string Name, string Url, int? Status, double DurationMs, MaskedRequest Request, MaskedAnswer? Response);

/// <summary>Collects the requests of one sign-in. Used by one sign-in.</summary>
public sealed class SignInTrace
{
    private readonly List<TracedStep> _steps = [];

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<TracedStep> Steps => _steps;

    internal void Add(TracedStep step) => _steps.Add(step);
}
