using System.Text.Json.Nodes;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>The protocol <c>AwsSv4</c>: <c>awsSigV4</c>.</summary>
internal static class AwsConversion
{
    /// <summary>Converts an external credential; null where it can't come over, which is reported.</summary>
    public static ProtocolDraft? Convert(CredentialParameters parameters, MetadataElement root, string? variant, string file, ImportReport report)
    {
        if (variant?.EndsWith("RolesAnywhere", StringComparison.Ordinal) is true)
        {
            report.Add(file, root, Outcome.NotImported, "The vault doesn't have IAM Roles Anywhere; use an access key, or a role that an access key assumes (roleArn).");
            return null;
        }

        if (variant is not (null or "AwsSv4" or "AwsSv4_STS"))
        {
            report.Add(file, root, Outcome.NotImported, $"{Shown.Of(variant)} is no variant of AwsSv4 that this import knows.");
            return null;
        }

        var region = parameters.Take("AuthParameter", "AwsRegion");
        var service = parameters.Take("AuthParameter", "AwsService");
        var draft = Make(region?.Value, service?.Value, region?.Element ?? root, file, report);
        if (parameters.Take("AuthParameter", "AwsAccountId") is { } account)
        {
            report.Add(file, account, Outcome.Note, "Nothing needs the number of the account here; the ARN of a role has it.");
        }

        var external = parameters.Take("AuthProviderUrlQueryParameter", "AwsExternalId", "AwsStsExternalId");
        var duration = parameters.Take("AuthProviderUrlQueryParameter", "AwsDuration", "AwsStsDuration");
        var sts = parameters.TakeAll("AwsStsPrincipal");
        var url = parameters.Take("AuthProviderUrl");
        if (draft is null)
        {
            return null;
        }

        if (variant != "AwsSv4_STS")
        {
            foreach (var unused in new[] { external, duration, url }.Concat(sts).OfType<CredentialParameter>())
            {
                report.Add(file, unused, Outcome.NotImported, "It is about a role that is assumed, and the variant isn't AwsSv4_STS: the keys sign as they are.");
            }

            return draft;
        }

        if (sts is [var principal, ..])
        {
            report.Add(file, principal, Outcome.Note, "The keys that assume the role stand beside the role here: as AccessKeyId and SecretAccessKey of each principal.");
        }

        draft.Settings["roleArn"] = "{!$Credential.RoleArn}";
        draft.Needs("RoleArn", "the ARN of the role");
        if (external?.Value is { } id)
        {
            draft.Settings["externalId"] = id;
        }

        if (duration?.Value is { } text)
        {
            if (AssertionConversion.Lifetime(text) is { } seconds and >= 900 and <= 43_200)
            {
                draft.Settings["durationSeconds"] = seconds;
            }
            else
            {
                report.Add(file, duration, Outcome.Note, "The duration has to be from 900 to 43200 seconds; AWS's own default is used.");
            }
        }

        return draft.SignsInAt(StsUrl(url, draft, file, report));
    }

    /// <summary>Keys that sign requests in a region.</summary>
    public static ProtocolDraft? Make(string? region, string? service, MetadataElement element, string file, ImportReport report, string? accessKeyId = null)
    {
        if (!IsScope(region) || !IsScope(service))
        {
            report.Add(file, element, Outcome.NotImported, "AWS signatures need a region and a service, as in eu-west-1 and execute-api.");
            return null;
        }

        return new ProtocolDraft(new JsonObject { ["protocol"] = "awsSigV4", ["region"] = region, ["service"] = service })
            .Needs("AccessKeyId", "the access key id", accessKeyId)
            .Needs("SecretAccessKey", "the secret access key");
    }

    private static Uri? StsUrl(CredentialParameter? parameter, ProtocolDraft draft, string file, ImportReport report)
    {
        if (parameter?.Value is { } text)
        {
            text = CredentialUrl.WithoutSecrets(text, query => report.Add(file, parameter, Outcome.SecretInFile, CredentialUrl.Uncopied(query)));
            if (CredentialUrl.Read(text, allowHttp: false, credential: null, owner: null, out var problem) is { } url)
            {
                if (url.PathWarning is { } warning)
                {
                    report.Add(file, parameter, Outcome.Note, warning);
                }

                draft.Settings["stsUrl"] = url.Text;
                return new Uri(url.Text);
            }

            report.Add(file, parameter, Outcome.Note, (problem ?? "") + " The region's own STS is used.");
        }

        // The vault's own default.
        var region = draft.Settings["region"]?.ToString() ?? "";
        var suffix = region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        return Uri.TryCreate($"https://sts.{region}.{suffix}/", UriKind.Absolute, out var own) ? own : null;
    }

    private static bool IsScope(string? text) => text is { Length: > 0 and <= 63 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
