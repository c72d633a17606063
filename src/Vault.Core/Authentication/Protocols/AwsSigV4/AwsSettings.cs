using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary>The settings of <c>awsSigV4</c>.</summary>
/// <param name="Region">As in <c>eu-west-1</c>.</param>
/// <param name="Service">As in <c>execute-api</c>.</param>
/// <param name="Role">The role to assume; null: the parameters sign.</param>
internal sealed record AwsSettings(string Region, string Service, AwsRole? Role);

/// <summary>A role to assume through STS.</summary>
/// <param name="Arn">The role's ARN.</param>
/// <param name="ExternalId">The external id that the role asks for, or null.</param>
/// <param name="StsUrl">The STS endpoint.</param>
/// <param name="DurationSeconds">How long its credentials live.</param>
internal sealed record AwsRole(MergeTemplate Arn, MergeTemplate? ExternalId, Uri StsUrl, long? DurationSeconds);
