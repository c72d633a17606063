using System.Text.Json;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols;

/// <summary>What holds for every protocol; each has a class that derives from this.</summary>
public abstract class ProtocolContractTests
{
    private protected Authenticating Parts { get; } = new();

    /// <summary>The name as it stands in <c>authentication.protocol</c>.</summary>
    protected abstract string Protocol { get; }

    /// <summary>Settings that are right.</summary>
    protected abstract string Settings { get; }

    /// <summary>The protocol's parameters with values.</summary>
    protected abstract IReadOnlyList<(string Name, string Value)> Parameters { get; }

    [Fact]
    public void Bind_RightSettings_Binds()
    {
        Assert.Contains(Protocol, Authenticating.Protocols.Names);
        var credential = Parts.Bind(Settings);
        var bound = credential.Authentication;
        Assert.All(bound.ProtocolParameters, name => Assert.True(DeveloperName.TryParse(name, out _)));
        Assert.Equal(credential.RequiredParameters.Order(), Parameters.Select(parameter => parameter.Name).Order());
        Assert.All(bound.TokenUrls, url => Assert.True(url.IsAbsoluteUri));
    }

    [Fact]
    public void Bind_UnknownProperty_IsRefusedAtItsPath()
    {
        var settings = Authenticating.Json(Settings).EnumerateObject().Append(Authenticating.Json("""{"isUnknown":1}""").EnumerateObject().First());
        var bound = Authenticating.Protocols.Bind(JsonSerializer.SerializeToElement(settings.ToDictionary(property => property.Name, property => property.Value)));
        Assert.Equal(ErrorCodes.InvalidRequest, bound.Error?.Code);
        Assert.Equal(["$.authentication.isUnknown"], bound.Error!.Errors!.Keys);
    }

    [Fact]
    public void Bind_DuplicateProperty_IsRefused()
    {
        var bound = Authenticating.Protocols.Bind(Authenticating.Json(Settings.TrimEnd()[..^1] + ""","twice":1,"twice":2}"""));
        Assert.Contains("$.authentication.twice", bound.Error!.Errors!.Keys);
    }

    [Fact]
    public void Bind_WrongKinds_NeverThrows()
    {
        foreach (var property in Authenticating.Json(Settings).EnumerateObject().Where(property => property.Name != "protocol"))
        {
            foreach (var wrong in new[] { "1", "-1.5e300", "true", "\"\"", "\"x\"", "[]", "[1]", "[[]]", "{}", "{\"a\":1}", "[{\"a\":{}}]" })
            {
                var settings = Authenticating.Json(Settings).EnumerateObject().ToDictionary(other => other.Name, other => other.Value);
                settings[property.Name] = Authenticating.Json(wrong);
                var bound = Authenticating.Protocols.Bind(JsonSerializer.SerializeToElement(settings));
                if (!bound.IsOk)
                {
                    Assert.Equal(ErrorCodes.InvalidRequest, bound.Error.Code);
                    Assert.All(bound.Error.Errors!.Keys, path => Assert.StartsWith("$.authentication.", path, StringComparison.Ordinal));
                }
            }
        }
    }

    [Fact]
    public void Apply_TellsOfNoSecretInItsTextForm()
    {
        var credential = Parts.Bind(Settings);
        Assert.DoesNotContain("Secret", string.Concat(Apply(credential.Authentication, out _).Headers), StringComparison.Ordinal);
    }

    [Fact]
    public void Scope_WithoutParameters_SaysWhichIsNotConfigured()
    {
        var credential = Parts.Bind(Settings);
        foreach (var (name, _) in Parameters)
        {
            var scope = new CredentialScope(credential, Parts.Set(credential), new RequestFacts("", "GET", "/", "", Parts.Time));
            var error = scope.Check(new MergeReference(MergeReferenceKind.Credential, null, name.ToUpperInvariant(), false));
            Assert.Equal(ErrorCodes.CredentialNotConfigured, error?.Code);
            Assert.Contains(name, error!.Detail, StringComparison.OrdinalIgnoreCase);
        }
    }

    private protected RequestInjection Apply(IBoundAuthentication authentication, out List<string> produced)
    {
        var credential = Parts.Bind(Settings) with { Authentication = authentication };
        var secrets = new List<string>();
        var scope = new CredentialScope(credential, Parts.Set(credential, [.. Parameters]), new RequestFacts("id", "GET", "/", "", Parts.Time))
        {
            TokenNames = authentication.Tokens?.TokenNames ?? [],
            Token = new FakeTokenAccess(authentication.Tokens?.TokenNames ?? []),
            SecretProduced = bytes => secrets.Add(System.Text.Encoding.UTF8.GetString(bytes)),
        };
        var injection = authentication.Apply(scope);
        Assert.True(injection.IsOk, injection.Error?.Detail);
        produced = secrets;
        return injection.Value;
    }
}
