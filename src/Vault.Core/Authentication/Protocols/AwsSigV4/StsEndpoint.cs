using System.Text.RegularExpressions;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary>The hosts of STS (AWS General Reference, "AWS Security Token Service endpoints and quotas"), and the regions that they are signed for.</summary>
internal static partial class StsEndpoint
{
    // The global endpoint is signed for this region.
    private const string Global = "sts.amazonaws.com";
    private const string GlobalRegion = "us-east-1";

    /// <summary>A region's own; null: no host can have that name.</summary>
    /// <param name="region">One label of a host.</param>
    public static Uri? Of(string region)
    {
        var suffix = region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        return Uri.TryCreate($"https://sts.{region}.{suffix}/", UriKind.Absolute, out var url) ? url : null;
    }

    /// <summary>The region that STS at this host is signed for, whichever the service's is; null: the host doesn't tell.</summary>
    public static string? RegionOf(Uri url) =>
        url.Host == Global ? GlobalRegion : Regional().Match(url.Host) is { Success: true } match ? match.Groups["region"].Value : null;

    // Regional, FIPS, dual-stack, and VPC endpoints. Uri.Host is in lower case.
    [GeneratedRegex(@"\A(?:[a-z0-9-]+\.)?sts(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:(?:vpce\.)?amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Regional();
}
