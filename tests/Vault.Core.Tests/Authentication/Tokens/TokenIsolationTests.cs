using CsCheck;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Xunit;

namespace Vault.Core.Tests.Authentication.Tokens;

/// <summary>Whatever the order of callers, changes of secrets, restarts and dead tokens: no token is ever used for another.</summary>
public sealed class TokenIsolationTests
{
    private static readonly Gen<(int Principal, int Named, int User, int Action)> Step =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 1], Gen.Int[0, 9]);

    [Fact]
    public Task Token_IsItsOwnersAlone() => Step.List[5, 40].SampleAsync(RunAsync, iter: 60, threads: 2);

    private static async Task RunAsync(List<(int Principal, int Named, int User, int Action)> steps)
    {
        using var vault = new TokenFixture(isRelative: true);
        var principals = Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()).ToArray();
        var named = Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()).ToArray();
        var users = new[] { "", "ada" };
        var secrets = new Dictionary<(int, int), (string Who, CredentialSet Set)>();
        var revision = 0;
        foreach (var (principal, name, user, action) in steps)
        {
            if (action == 0 || !secrets.ContainsKey((principal, user)))
            {
                var who = $"p{principal}u{user}r{revision++}";
                secrets[(principal, user)] = (who, new CredentialSet(vault.Parts.Sealer, vault.Credential, principals[principal], users[user],
                    [vault.Parts.Seal(vault.Credential, "Who", who, user: users[user], principal: principals[principal])]));
            }

            if (action == 1)
            {
                vault.Restart();
            }

            var (owner, set) = secrets[(principal, user)];
            var url = $"https://h{name}.example";
            var request = new TokenRequest(vault.Credential, principals[principal], users[user], set, named[name], url);
            var token = await vault.Source.GetAsync(request, CancellationToken.None);
            Assert.StartsWith($"{owner}@{url}#", token.Value!.Values["t"].Reveal(), StringComparison.Ordinal);
            if (action == 2)
            {
                vault.Source.NoteWorked(request, token.Value);
                Assert.True(await vault.Source.GiveUpAsync(request, token.Value, CancellationToken.None));
            }
        }
    }
}
