namespace Vault.Core.Egress;

/// <summary>The address may not be reached; code <c>egress-denied</c>. The message names the host and nothing secret.</summary>
public sealed class EgressDeniedException(string message) : HttpRequestException(message);
