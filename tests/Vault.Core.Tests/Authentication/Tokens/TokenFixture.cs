using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Tokens;

/// <summary>A token source over fakes, with one credential to sign in for.</summary>
internal sealed class TokenFixture : IDisposable
{
    private readonly UpstreamConnections _connections = new(new EgressPolicy(new EgressOptions([], false)), new SystemHostResolver(), new LoopGuard(() => "test"));

    private readonly ITokenLeases? _leases;

    public TokenFixture(bool isRelative = false, ITokenLeases? leases = null)
    {
        _leases = leases;
        SignIn = new FakeSignIn(Parts.Time, isRelative) { Life = TimeSpan.FromHours(1) };
        Credential = Parts.Bind("""{"protocol":"custom"}""", "service.example") with { Authentication = SignIn };
        Parameters = Parts.Set(Credential, ("Who", "ada"));
        Source = Restart();
    }

    public Authenticating Parts { get; } = new();

    public FakeTokenStore Store { get; } = new();

    public DefinitionCatalog Definitions { get; } = new();

    public FakeSignIn SignIn { get; }

    public BoundCredential Credential { get; set; }

    public CredentialSet Parameters { get; set; }

    public TokenSource Source { get; private set; }

    /// <summary>As after a restart: nothing in memory.</summary>
    public TokenSource Restart() => Source = new TokenSource(
        Store, new CredentialSets(new FakeCredentialStore(), Parts.References, Parts.Sealer, Parts.Time, NullLogger<CredentialSets>.Instance), Parts.Sealer,
        new BindingsInForce(Definitions, Parts.Binder, Parts.Time), _connections, Parts.Audit, Parts.Time, NullLogger<TokenSource>.Instance, _leases);

    public TokenRequest Request(Guid? namedCredential = null, string url = "https://service.example") =>
        new(Credential, Parts.Principal, "", Parameters, namedCredential ?? Guid.Empty, url);

    public async Task<TokenSet> TokenAsync()
    {
        var result = await Source.GetAsync(Request(), CancellationToken.None);
        Assert.True(result.IsOk, result.Error?.Detail);
        return result.Value;
    }

    public void Dispose() => _connections.Dispose();
}
