namespace Vault.Core.Authentication;

/// <summary>What the vault puts on a request. Values are final text, not encoded for their place unless they say so.</summary>
/// <param name="Headers">Replaces the caller's headers of these names.</param>
/// <param name="Query">Joins the query, percent-encoded; the caller's parameters of these names go.</param>
/// <param name="Cookies">Joins the <c>Cookie</c> header; the caller's cookies of these names go.</param>
public sealed record RequestInjection(
    IReadOnlyList<InjectedValue> Headers, IReadOnlyList<InjectedValue> Query, IReadOnlyList<InjectedValue> Cookies)
{
    /// <summary>Nothing.</summary>
    public static RequestInjection None { get; } = new([], [], []);
}

/// <summary>A name and its value.</summary>
/// <param name="Name">Of the header, parameter or cookie.</param>
/// <param name="Value">The value, checked for its place by whoever sends it.</param>
/// <param name="IsSecret">Whether an echo of it is redacted.</param>
public sealed record InjectedValue(string Name, string Value, bool IsSecret)
{
    /// <summary>Whether the value is a string of bytes (Latin-1), to be sent as it is; else it is text, and sent in UTF-8.</summary>
    public bool IsBytes { get; init; }

    /// <summary>Whether a value for the query is percent-encoded already, as its template says.</summary>
    public bool IsEscaped { get; init; }

    /// <summary>What it was taken from, where that is one parameter or the body; null: made of several.</summary>
    public string? Source { get; init; }

    /// <summary>Never the value.</summary>
    public override string ToString() => Name;
}
