using Vault.Core.Authentication.Connections;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Secrets;

/// <summary>An account that was found.</summary>
/// <param name="Credential">The external credential.</param>
/// <param name="Principal">The principal.</param>
/// <param name="User">The user; empty: the principal itself.</param>
public sealed record Account(BoundCredential Credential, Principal Principal, string User);

/// <summary>Finds accounts by their names, and makes the requests for their tokens.</summary>
public sealed class Accounts(
    DefinitionCatalog definitions, IDefinitionReading reading, CredentialBinder binder, CredentialSets sets, NamedCredentialConnections connections, TimeProvider time)
{
    /// <summary>The account, or <c>not-found</c>; users are only of per-user principals.</summary>
    public Result<Account> Find(AccountName name) => Find(definitions.Current, name);

    /// <summary>The account, by what stays when names change; null: it is gone.</summary>
    internal Account? Find(DefinitionSnapshot snapshot, Guid externalCredentialId, Guid principalId, string user) =>
        snapshot.ExternalCredentials.TryGetValue(externalCredentialId, out var definition)
            && definition.Principals.FirstOrDefault(candidate => candidate.Id == principalId) is { } principal && binder.Bind(definition) is { IsOk: true } bound
            ? new Account(bound.Value, principal, user)
            : null;

    /// <summary>A request for the account's token.</summary>
    /// <param name="account">The account.</param>
    /// <param name="named">The named credential, where tokens are its own; null: the only one there is.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public Task<Result<TokenRequest>> RequestAsync(Account account, string? named, CancellationToken cancellationToken) =>
        RequestAsync(account, () => Choose(account, named), cancellationToken);

    /// <summary>A request for the token that was asked for before: of the same named credential, where tokens are its own.</summary>
    /// <param name="account">The account, as it is now.</param>
    /// <param name="key">Under what the token was to be kept.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <returns>The request; it has another key where what was asked for isn't what it was.</returns>
    internal Task<Result<TokenRequest>> RequestAgainAsync(Account account, TokenKey key, CancellationToken cancellationToken) =>
        RequestAsync(account, () => Choose(account, key.NamedCredentialId), cancellationToken);

    private async Task<Result<TokenRequest>> RequestAsync(Account account, Func<Result<NamedCredential?>> choose, CancellationToken cancellationToken)
    {
        if (account.Credential.Authentication.Tokens is null)
        {
            return VaultError.Invalid("$", $"The protocol {account.Credential.Definition.Protocol} gets no tokens.");
        }

        if (account.Principal.Type is PrincipalType.PerUser && account.User.Length == 0)
        {
            return VaultError.Invalid("$.user", "This principal's tokens are per user: use the routes below users/{user}.");
        }

        var all = await reading.OfAllAsync(() => ValueTask.FromResult(choose()), cancellationToken);
        var chosen = all.IsOk ? all.Value : all.Error;
        if (!chosen.IsOk)
        {
            return chosen.Error;
        }

        var parameters = await sets.GetAsync(account.Credential, account.Principal.Id, account.User, cancellationToken);
        if (parameters.IsOvertaken)
        {
            return CredentialSet.Overtaken;
        }

        var missing = account.Credential.RequiredParameters.FirstOrDefault(parameter => !parameters.Has(parameter));
        if (missing is not null)
        {
            return new VaultError(ErrorCodes.CredentialNotConfigured, $"The parameter {missing} of the external credential {account.Credential.Definition.Name} has no value.");
        }

        if (account.Credential.FindUnproven(account.Principal, parameters) is { } unproven)
        {
            return unproven;
        }

        var url = chosen.Value is null ? "" : ResolvedUrl.Of(chosen.Value, account.Credential, parameters, account.User, time);
        if (url is null)
        {
            return new VaultError(ErrorCodes.CredentialNotConfigured, $"A field in the url of the named credential {chosen.Value!.Name} has no value.");
        }

        var http = chosen.Value is null ? (Result<HttpMessageInvoker>?)null : connections.Of(chosen.Value, parameters);
        if (http is { IsOk: false } unreadable)
        {
            return unreadable.Error!;
        }

        return new TokenRequest(account.Credential, account.Principal.Id, account.User, parameters, chosen.Value?.Id ?? Guid.Empty, url)
        {
            Http = http?.Value,
            UrlTemplate = chosen.Value?.Url,
            HasClientCertificate = chosen.Value?.ClientCertificate is not null,
        };
    }

    /// <summary>Under what the account's tokens are looked for now: one that is kept under anything else is used no more.</summary>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    internal async Task<Result<HashSet<TokenKey>>> TokenKeysAsync(Account account, CancellationToken cancellationToken)
    {
        var credential = account.Credential;
        var users = await reading.OfAllAsync(() => ValueTask.FromResult(definitions.Current.UsersOf(credential.Definition.Id).ToArray()), cancellationToken);
        if (!users.IsOk)
        {
            return users.Error;
        }

        var parameters = await sets.GetAsync(credential, account.Principal.Id, account.User, cancellationToken);
        if (parameters.IsOvertaken)
        {
            return CredentialSet.Overtaken;
        }

        return KeysOf(account, parameters, users.Value);
    }

    /// <summary>The same with parameters and named credentials that aren't in force yet.</summary>
    internal HashSet<TokenKey> KeysOf(Account account, CredentialSet parameters, IEnumerable<NamedCredential> users)
    {
        var credential = account.Credential;
        HashSet<TokenKey> keys = [KeyOf(null, "")];
        foreach (var named in users)
        {
            if (ResolvedUrl.Of(named, credential, parameters, account.User, time) is { } url)
            {
                keys.Add(KeyOf(named, url));
            }
        }

        return keys;

        TokenKey KeyOf(NamedCredential? named, string url) =>
            new TokenRequest(credential, account.Principal.Id, account.User, parameters, named?.Id ?? Guid.Empty, url)
            {
                UrlTemplate = named?.Url,
                HasClientCertificate = named?.ClientCertificate is not null,
            }.Key;
    }

    internal Result<Account> Find(DefinitionSnapshot snapshot, AccountName name)
    {
        if (!snapshot.ExternalCredentialNames.TryGetValue(name.External.Value, out var definition)
            || definition.Principals.FirstOrDefault(candidate => candidate.Name == name.Principal) is not { } principal)
        {
            return new VaultError(ErrorCodes.NotFound, $"There is no external credential {name.External} with a principal {name.Principal}.");
        }

        if (name.User.Length > 0 && (principal.Type is not PrincipalType.PerUser || !UserName.IsLegal(name.User)))
        {
            return new VaultError(ErrorCodes.NotFound, $"The principal {name.Principal} has no such user: it is of type named, or the id is not {UserName.Rule}.");
        }

        var bound = binder.Bind(definition);
        return bound.IsOk ? new Account(bound.Value, principal, name.User) : bound.Error;
    }

    private Result<NamedCredential?> Choose(Account account, Guid? named) => named is not { } id
        ? Choose(account, named: (string?)null)
        : definitions.Current.UsersOf(account.Credential.Definition.Id).FirstOrDefault(candidate => candidate.Id == id) is { } found
            ? found
            : new VaultError(ErrorCodes.UnknownReference, "The named credential that the token is for uses this external credential no more.");

    private Result<NamedCredential?> Choose(Account account, string? named)
    {
        var users = definitions.Current.UsersOf(account.Credential.Definition.Id).ToArray();
        if (named is not null)
        {
            return Array.Find(users, candidate => candidate.Name.Value.Equals(named, StringComparison.OrdinalIgnoreCase)) is { } found
                ? found
                : new VaultError(ErrorCodes.UnknownReference, $"No named credential {named} uses this external credential.");
        }

        var authentication = account.Credential.Authentication;
        if (!authentication.UsesNamedCredentialUrl
            && (authentication.Tokens is { ConsentParameters: not null } || !Array.Exists(users, user => user.ClientCertificate is not null)))
        {
            // The token is for all of them; a client certificate is the better introduction.
            return Result.Of(users.OrderBy(user => user.ClientCertificate is null).ThenBy(user => user.Name.Key, StringComparer.Ordinal).FirstOrDefault());
        }

        return users switch
        {
            [] => new VaultError(ErrorCodes.CredentialNotConfigured, "The sign-in is relative to a named credential's url, and none uses this external credential yet."),
            [var only] => only,
            _ => VaultError.Invalid("$.namedCredential", "Is required: the sign-in is relative to a named credential's url, and several use this external credential."),
        };
    }
}
