namespace Vault.Core.Authentication.Protocols.ApiKey;

/// <summary>Where an API key goes.</summary>
internal enum ApiKeyPlace
{
    /// <summary>A header.</summary>
    Header,

    /// <summary>A query parameter.</summary>
    Query,

    /// <summary>A cookie.</summary>
    Cookie,
}
