namespace Vault.Core.Authentication.SignIns;

/// <summary>A request of a sign-in, made but not sent.</summary>
/// <param name="Name">What it is, in words: <c>Step 1 of the login</c>.</param>
/// <param name="Message">The request.</param>
/// <param name="Masked">The request without its secrets, for a trace; only called where there is one.</param>
internal sealed record SignInRequest(string Name, HttpRequestMessage Message, Func<MaskedRequest> Masked)
{
    /// <summary>Never the request.</summary>
    public override string ToString() => Name;
}

/// <summary>A request as it may be shown: every secret is a mask.</summary>
/// <param name="Method">The method.</param>
/// <param name="Url">The URL.</param>
/// <param name="Headers">Names and values.</param>
/// <param name="Body">The body; null: none.</param>
public sealed record MaskedRequest(string Method, string Url, IReadOnlyList<MaskedHeader> Headers, string? Body);

/// <summary>A header as it may be shown.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, masked.</param>
public sealed record MaskedHeader(string Name, string Value);
