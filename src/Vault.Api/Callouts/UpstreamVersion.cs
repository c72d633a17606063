using System.Net;
using Vault.Core.Callouts;
using Vault.Core.Definitions;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary>Which HTTP version goes upstream; contract section 9.</summary>
internal static class UpstreamVersion
{
    // The vault times callouts itself (timeoutSeconds); YARP's own timer would count sign-ins too.
    private static readonly TimeSpan Never = TimeSpan.FromDays(10);

    private static readonly ForwarderRequestConfig Exactly11 = Config(HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact);
    private static readonly ForwarderRequestConfig Exactly2 = Config(HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
    private static readonly ForwarderRequestConfig ByAlpn = Config(HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);

    /// <summary>The version for a callout.</summary>
    public static ForwarderRequestConfig For(Callout callout) => callout.Admitted.Named.HttpVersion switch
    {
        _ when callout.Request.IsUpgrade => Exactly11,
        UpstreamHttpVersion.Http11 => Exactly11,
        UpstreamHttpVersion.Http2 => Exactly2,
        UpstreamHttpVersion.Auto when callout.IsHttps => ByAlpn,
        UpstreamHttpVersion.Auto when callout.Request.IsGrpc => Exactly2,
        UpstreamHttpVersion.Auto => Exactly11,
        var unknown => throw new InvalidOperationException($"There is no HTTP version {unknown}."),
    };

    private static ForwarderRequestConfig Config(Version version, HttpVersionPolicy policy) =>
        new() { ActivityTimeout = Never, Version = version, VersionPolicy = policy };
}
