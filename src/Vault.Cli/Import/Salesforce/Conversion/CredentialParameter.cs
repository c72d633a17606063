using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>One of the <c>externalCredentialParameters</c>, <c>namedCredentialParameters</c> or <c>externalAuthIdentityProviderParameters</c>.</summary>
/// <param name="Element">Where it stands.</param>
/// <param name="Type">Its <c>parameterType</c>.</param>
/// <param name="Name">Its <c>parameterName</c>.</param>
/// <param name="Value">Its <c>parameterValue</c>; null where it is empty.</param>
/// <param name="Group">Its <c>parameterGroup</c>: the principal that it is for; null where it is for all of them.</param>
/// <param name="Sequence">Its <c>sequenceNumber</c>.</param>
/// <param name="Reference">The certificate, auth. provider, external credential… that it names.</param>
internal sealed record CredentialParameter(MetadataElement Element, string Type, string Name, string? Value, string? Group, int? Sequence, string? Reference);
