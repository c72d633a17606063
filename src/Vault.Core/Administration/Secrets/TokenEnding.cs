using Microsoft.Extensions.Logging;
using Vault.Core.Administration.Changes;
using Vault.Core.Authentication.Connections;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Secrets;

/// <summary>
/// Tells services that tokens are no longer used, by logout or revocation, when the secrets that they were got with are removed
/// or replaced. The change is in force already; a service that can't be told is logged, and doesn't undo it.
/// </summary>
public sealed partial class TokenEnding(
    TokenSource tokens, CredentialBinder binder, SecretSealer sealer, ReferencedParameters references, NamedCredentialConnections connections, TimeProvider time, ILogger<TokenEnding> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    internal static StoredToken ToStored(TokenRow row) => new(
        row.Id, new TokenKey(row.ExternalCredentialId, row.PrincipalId, row.User, row.NamedCredentialId, row.Stamp), row.Version, row.Sealed, row.ObtainedAt,
        row.ExpiresAt, row.RetiredAt, row.IsRenewable);

    internal async Task RunAsync(IReadOnlyList<EndedTokens> ended)
    {
        if (ended.Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Limit, time);
        foreach (var one in ended)
        {
            if (binder.Bind(one.Credential) is { IsOk: true } bound && bound.Value.Authentication.Tokens is { CanEnd: true })
            {
                await Parallel.ForEachAsync(
                    one.Tokens,
                    new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = CancellationToken.None },
                    (row, _) => EndAsync(bound.Value, one, row, limit.Token));
            }
        }
    }

    private async ValueTask EndAsync(BoundCredential credential, EndedTokens ended, TokenRow row, CancellationToken cancellationToken)
    {
        try
        {
            SealedParameter[] stored =
            [
                .. ended.Secrets.Where(secret => secret.PrincipalId == row.PrincipalId && (secret.User == row.User || secret.User.Length == 0))
                    .Select(secret => new SealedParameter(secret.Id, secret.User, secret.Name, secret.Version, secret.Sealed, secret.UpdatedAt, null)),
            ];
            var followed = await references.FollowAsync(stored, parameter => CredentialSet.PlaceOf(credential, row.PrincipalId, row.User, parameter));
            var parameters = new CredentialSet(sealer, credential, row.PrincipalId, row.User, followed.Parameters, followed.Failures);
            var named = row.NamedCredentialId is { } id ? ended.Definitions.NamedCredentials.Values.FirstOrDefault(candidate => candidate.Id == id) : null;
            var url = named is null ? "" : ResolvedUrl.Of(named, credential, parameters, row.User, time);
            if (url is not null)
            {
                await tokens.EndAsync(
                    new TokenRequest(credential, row.PrincipalId, row.User, parameters, row.NamedCredentialId ?? Guid.Empty, url)
                    {
                        Http = named is null ? null : connections.Of(named, parameters).Value,
                        UrlTemplate = named?.Url,
                        HasClientCertificate = named?.ClientCertificate is not null,
                    },
                    ToStored(row), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: the secrets are gone already, and that has to be said to whoever removed them.
            LogFault(logger, credential.Definition.Name.Value, exception.GetType().Name);
        }
    }

    [LoggerMessage(5301, LogLevel.Warning, "A service of the external credential {Credential} could not be told that a token is no longer used: {Fault}.")]
    private static partial void LogFault(ILogger logger, string credential, string fault);
}
