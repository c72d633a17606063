namespace Vault.Core.Redaction;

/// <summary>A header that is made of secrets alone, as it is sent.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, a string of bytes.</param>
internal sealed record ReadyHeader(string Name, string Value)
{
    /// <summary>Never the value.</summary>
    public override string ToString() => Name;
}
