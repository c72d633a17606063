namespace Vault.Core.Secrets;

/// <summary>Where a sealed value belongs. It can be opened there and nowhere else.</summary>
/// <param name="Kind"><c>parameter</c> or <c>token</c>.</param>
/// <param name="RecordId">The row.</param>
/// <param name="ExternalCredentialId">The owner.</param>
/// <param name="PrincipalId">The principal.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="Name">The parameter, in lower case; for a token, what tells it from the others of the principal.</param>
/// <param name="Version">The row's version.</param>
/// <param name="Binding">Hash of what decides where the value may go: protocol, allowed hosts, token and step URLs (32 bytes).</param>
public sealed record SealPlace(
    string Kind, Guid RecordId, Guid ExternalCredentialId, Guid PrincipalId, string User, string Name, long Version, ReadOnlyMemory<byte> Binding);
