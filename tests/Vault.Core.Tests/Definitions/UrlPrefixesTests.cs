using System.Collections.Immutable;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Definitions;

public sealed class UrlPrefixesTests
{
    [Theory]
    [InlineData("https://Service.Example/api?x=1", "https://service.example:443", "/api")]
    [InlineData("https://service.example:443", "https://service.example:443", "")]
    [InlineData("http://[::1]:8080/", "http://::1:8080", "/")]
    [InlineData("https://bücher.example/a/", "https://xn--bcher-kva.example:443", "/a/")]
    [InlineData("https://service.example/a?t={!$Credential.Tenant}", "https://service.example:443", "/a")]
    [InlineData("https://service.example/{!important}", "https://service.example:443", "/{!important}")]
    public void At_Origin_HasThePathOfTheUrl(string url, string origin, string path) =>
        Assert.Equal(new UrlPrefix("one", path), Assert.Single(UrlPrefixes.Of([Named("One", url)]).At(origin)));

    [Fact]
    public void Url_WithAFieldInItsPath_IsAtItsOrigin_WithNoPath() =>
        Assert.Equal(new UrlPrefix("one", null), Assert.Single(UrlPrefixes.Of([Named("One", "https://service.example/{!$Credential.Tenant}/a")]).At("https://service.example:443")));

    [Fact]
    public void Snapshot_ThatChanges_FindsWhatANewOneFinds()
    {
        var state = 7u;
        string[] urls = ["https://a.example", "https://a.example/x", "https://b.example/y", "https://b.example/{!$Credential.T}", "http://a.example"];
        var snapshot = DefinitionSnapshot.Empty;

        // From here on it is kept up rather than made.
        Assert.Empty(snapshot.At("https://a.example:443"));
        for (var step = 0; step < 500; step++)
        {
            var name = "N" + Next(20);
            snapshot = Next(3) == 0 && snapshot.NamedCredentials.TryGetValue(name.ToLowerInvariant(), out var known)
                ? snapshot.Without(known)
                : snapshot.With(Named(name, urls[Next(urls.Length)]));
            var anew = snapshot.NamedCredentials.Values.Aggregate(DefinitionSnapshot.Empty, (all, one) => all.With(one));
            foreach (var origin in new[] { "https://a.example:443", "https://b.example:443", "http://a.example:80" })
            {
                Assert.Equal(Sorted(anew.At(origin)), Sorted(snapshot.At(origin)));
            }
        }

        int Next(int below) => (int)(((state = unchecked((state * 1_664_525) + 1_013_904_223)) >> 16) % (uint)below);

        static IEnumerable<UrlPrefix> Sorted(ImmutableArray<UrlPrefix> prefixes) => prefixes.OrderBy(prefix => prefix.NamedCredential, StringComparer.Ordinal);
    }

    private static NamedCredential Named(string name, string url) => new()
    {
        Id = Guid.NewGuid(),
        Name = DeveloperName.Parse(name),
        Url = MergeTemplate.Parse(url).Value!,
        ExternalCredentialId = Guid.Empty,
        Version = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}
