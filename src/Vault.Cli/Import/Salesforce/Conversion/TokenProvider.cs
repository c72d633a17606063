using System.Text.Json.Nodes;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Where tokens come from: an auth. provider or an external auth identity provider, as settings of <c>oauth2</c>.</summary>
internal sealed record TokenProvider
{
    /// <summary>The vault's <c>grant</c>.</summary>
    public string Grant { get; init; } = "authorizationCode";

    /// <summary>The vault's <c>clientAuthentication</c>.</summary>
    public string ClientAuthentication { get; init; } = "basic";

    /// <summary>Where people consent.</summary>
    public Uri? AuthorizationUrl { get; init; }

    /// <summary>Where tokens are.</summary>
    public required Uri TokenUrl { get; init; }

    /// <summary>What is asked for where the credential says nothing.</summary>
    public string? Scope { get; init; }

    /// <summary>The client id, which is no secret, where it is known.</summary>
    public string? ClientId { get; init; }

    /// <summary>Settings of the vault that are taken as they are: <c>tokenParameters</c>, <c>tokenHeaders</c>, <c>authorizationParameters</c>, <c>assertion</c>.</summary>
    public JsonObject Further { get; init; } = [];

    /// <summary>Parameters that they name.</summary>
    public IReadOnlyList<DueParameter> Parameters { get; init; } = [];
}
