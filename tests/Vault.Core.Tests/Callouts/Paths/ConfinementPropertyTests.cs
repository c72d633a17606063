using CsCheck;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Callouts.Paths;

/// <summary>Whatever is asked for: what passes stays below the url, and goes out as it was judged.</summary>
public sealed class ConfinementPropertyTests
{
    private static readonly string[] Pieces =
    [
        "/", "/", ".", ".", "..", "%2e", "%2E", "%252e", "%25252e", "%25", "25", "2e", "2f", "%2f", "%252f", "%5c", "%255c", "\\", ";", "%3b", "%00", "%0a", "%c0%ae", "%ef%bc%8e", "%ff", "%", "a", "é", "?", "&", "=",
    ];

    private static readonly Gen<string> Target =
        Gen.Int[0, Pieces.Length - 1].Array[0, 12].Select(indexes => string.Concat(indexes.Select(index => Pieces[index])));

    [Fact]
    public void Check_WhatPasses_HasNoDotSegment_HoweverItIsDecoded() => Target.Sample(
        text =>
        {
            var path = "/" + text.Split('?')[0];
            return PathConfinement.Check(path) is not null || !Leaves(path);
        },
        iter: 100_000);

    [Fact]
    public void Refusal_WhatPasses_HasNoDotSegment_AndIsVisibleAscii() => Target.Sample(
        text =>
        {
            var target = "/callout/X/" + text;
            return RawTargetGuard.Refusal(target) is not null || (!Leaves(target.Split('?')[0]) && target.All(c => c is > ' ' and < '\u007f'));
        },
        iter: 100_000);

    [Fact]
    public void Join_WhatPasses_IsSentAsItWasJudged() => Target.Sample(
        text =>
        {
            var parsed = CalloutTarget.Parse("/callout/X/" + text);
            if (!parsed.IsOk || !WireText.IsTarget(text + "x") || PathConfinement.Check(parsed.Value.Path) is not null)
            {
                return true;
            }

            var url = UpstreamUrl.Join("https://service.example/api", parsed.Value.Path, parsed.Value.Query, []);
            return url.PathAndQuery == "/api/" + text && url.Host == "service.example" && url.Port == 443;
        },
        iter: 100_000);

    // Written apart from the vault's own: every service decodes in its own way, so both kinds of slash cut, and parameters end a name.
    private static bool Leaves(string path)
    {
        for (var round = 0; round < 4; round++)
        {
            if (path.Split('/', '\\').Any(segment => segment.Split(';')[0] is "." or ".."))
            {
                return true;
            }

            path = Uri.UnescapeDataString(path);
        }

        return false;
    }
}
