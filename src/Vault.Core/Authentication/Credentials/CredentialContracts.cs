using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Credentials;

/// <summary>A parameter as it is stored.</summary>
public sealed record SealedParameter(
    Guid Id, string Name, long Version, byte[] Sealed, DateTimeOffset UpdatedAt, DateTimeOffset? RetiredAt);

/// <summary>Where sealed parameters are kept; implemented by Storage.</summary>
public interface ICredentialStore
{
    /// <summary>The current parameters of a principal and user, and the ones retired since <paramref name="retiredSince"/>.</summary>
    Task<IReadOnlyList<SealedParameter>> LoadAsync(
        Guid externalCredentialId, Guid principalId, string user, DateTimeOffset retiredSince, CancellationToken cancellationToken);
}

/// <summary>The parameters of one principal and user, sealed in memory; each is opened for the request that needs it.</summary>
public sealed class CredentialSet
{
    /// <summary>Changes with every change of a parameter.</summary>
    public string Stamp => throw new NotImplementedException();

    /// <summary>The names that have a value.</summary>
    public IReadOnlyCollection<string> Names => throw new NotImplementedException();

    /// <summary>Whether the parameter has a value; without regard to case.</summary>
    public bool Has(string parameter) => throw new NotImplementedException();

    /// <summary>Opens a parameter; <c>credential-not-configured</c> where it has no value.</summary>
    public Result<SecretText> Open(string parameter) => throw new NotImplementedException();

    /// <summary>Opens the values of the last 24 hours that were replaced, with the names of their parameters.</summary>
    public IEnumerable<(string Parameter, SecretText Value)> OpenRetired() => throw new NotImplementedException();
}
