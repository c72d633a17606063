using System.Text.Json.Nodes;
using Vault.Core.Access;
using Vault.Testing;

namespace Vault.Api.Tests.Admin;

/// <summary>A vault with one of each kind of caller: keys and tokens of every role, of an app, and of nobody.</summary>
public sealed class RouteCallers : IAsyncDisposable, IDisposable
{
    private readonly TestTokens _tokens = new TestTokens("https://issuer.example").Add("k1");

    public RouteCallers() => Vault = new VaultFactory(new Dictionary<string, string?>
    {
        ["Vault:Issuers:0:Name"] = "Corp",
        ["Vault:Issuers:0:Issuer"] = _tokens.Issuer,
        ["Vault:Issuers:0:Jwks"] = _tokens.Jwks,
        ["Vault:Issuers:0:Audience"] = "vault",
        ["Vault:Issuers:0:Mappings:0:Claim"] = "role",
        ["Vault:Issuers:0:Mappings:0:Value"] = "admin",
        ["Vault:Issuers:0:Mappings:0:Role"] = "admin",
        ["Vault:Issuers:0:Mappings:1:Claim"] = "role",
        ["Vault:Issuers:0:Mappings:1:Value"] = "operator",
        ["Vault:Issuers:0:Mappings:1:Role"] = "operator",
        ["Vault:Issuers:0:Mappings:2:Claim"] = "role",
        ["Vault:Issuers:0:Mappings:2:Value"] = "auditor",
        ["Vault:Issuers:0:Mappings:2:Role"] = "auditor",
        ["Vault:Issuers:0:Mappings:3:Claim"] = "app",
        ["Vault:Issuers:0:Mappings:3:App"] = "{value}",
    });

    public VaultFactory Vault { get; }

    /// <summary>Who calls, and with what; a null role is nobody.</summary>
    public async Task<IReadOnlyList<(string Name, VaultRole? Role, string? Credential)>> MakeAsync(string name = "Walker")
    {
        var app = await Vault.CreateAppAsync(name);
        return
        [
            ("admin key", VaultRole.Admin, VaultFactory.AdminKey),
            ("operator key", VaultRole.Operator, await Vault.CreateKeyAsync("operator")),
            ("auditor key", VaultRole.Auditor, await Vault.CreateKeyAsync("auditor")),
            ("app key", VaultRole.App, app),
            ("admin token", VaultRole.Admin, Token("root", ("role", "admin"))),
            ("operator token", VaultRole.Operator, Token("olga", ("role", "operator"))),
            ("auditor token", VaultRole.Auditor, Token("eve", ("role", "auditor"))),
            ("app token", VaultRole.App, Token("job", ("app", name))),
            ("token of nobody", null, Token("nobody")),
            ("unknown key", null, "vk_unknown0_0123456789abcdef0123456789abcdef01234567890"),
            ("nothing", null, null),
        ];
    }

    public ValueTask DisposeAsync()
    {
        _tokens.Dispose();
        return Vault.DisposeAsync();
    }

    public void Dispose() => Vault.Dispose();

    private string Token(string subject, params (string Name, JsonNode? Value)[] claims) => _tokens.Sign(_tokens.Claims(TimeProvider.System.GetUtcNow(), subject, [.. claims, ("exp", 4_000_000_000)]));
}
