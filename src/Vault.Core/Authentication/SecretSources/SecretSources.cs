using System.Text;
using Microsoft.Extensions.Configuration;
using Vault.Core.Authentication.SecretSources.AwsSecretsManager;
using Vault.Core.Authentication.SecretSources.AzureKeyVault;
using Vault.Core.Authentication.SecretSources.Files;
using Vault.Core.Authentication.SecretSources.HashiCorpVault;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>The sources that the settings name, <c>Vault:SecretSources:{name}</c>: what parameters may refer to.</summary>
public sealed class SecretSources
{
    private const int MostCached = 86_400;
    private const int UsuallyCached = 300;

    private static readonly Dictionary<string, Func<SecretSourceSettings, HttpMessageInvoker, TimeProvider, ISecretSource>> Types = new(StringComparer.Ordinal)
    {
        ["file"] = (settings, _, _) => FileSource.Read(settings),
        ["hashiCorpVault"] = (settings, http, time) => HashiCorpVaultSource.Read(settings, http, time),
        ["awsSecretsManager"] = (settings, http, time) => AwsSecretsManagerSource.Read(settings, http, time),
        ["azureKeyVault"] = (settings, http, time) => AzureKeyVaultSource.Read(settings, http, time),
    };

    private readonly Dictionary<string, (ISecretSource Source, TimeSpan Cached)> _sources = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>With these sources.</summary>
    internal SecretSources(IEnumerable<(string Name, ISecretSource Source, TimeSpan Cached)> sources)
    {
        foreach (var (name, source, cached) in sources)
        {
            _sources.Add(name, (source, cached));
        }
    }

    /// <summary>No source at all.</summary>
    public static SecretSources None { get; } = new([]);

    /// <summary>Reads the settings.</summary>
    /// <exception cref="Secrets.VaultStartException">One of them is wrong; the message names it.</exception>
    public static SecretSources Read(IConfiguration configuration, UpstreamConnections connections, TimeProvider time) =>
        new(configuration.GetSection("Vault:SecretSources").GetChildren().Select(section =>
        {
            var settings = new SecretSourceSettings(section, connections.AllowHttp);
            var type = settings.Find("Type") ?? throw settings.Bad("Type", $"is missing; it must be one of {string.Join(", ", Types.Keys)}");
            return DeveloperName.TryParse(section.Key, out _)
                ? Types.TryGetValue(type, out var make)
                    ? (section.Key, make(settings, connections.Invoker, time), settings.Seconds("CacheSeconds", UsuallyCached, MostCached))
                    : throw settings.Bad("Type", $"is '{type}', but must be one of {string.Join(", ", Types.Keys)}")
                : throw settings.Bad("Type", "belongs to a source whose name " + DeveloperName.Rule);
        }).ToArray());

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _sources.Count == 0;

    private VaultError? Check(SecretReference reference, string path) =>
        !_sources.TryGetValue(reference.Source, out var found)
            ? new VaultError(ErrorCodes.UnknownReference, $"{path}: there is no secret source {reference.Source} among this vault's settings (Vault:SecretSources).")
            : found.Source.Check(reference) is { } problem ? VaultError.Invalid(path, $"The reference {problem}.") : null;

    /// <summary>The first of these parameters that may not refer to what it refers to, as an error; null: none.</summary>
    /// <param name="parameters">Names, and values or the stored forms of references.</param>
    /// <param name="path">Where in the input they stand.</param>
    public VaultError? Check(IEnumerable<KeyValuePair<string, string?>> parameters, string path) => parameters
        .Where(parameter => SecretReference.IsStored(parameter.Value))
        .Select(parameter => Check(SecretReference.TryRead(Encoding.UTF8.GetBytes(parameter.Value!))!, $"{path}.{parameter.Key}"))
        .FirstOrDefault(error => error is not null);

    /// <summary>Gets a value, and says how long it may be used; the same errors as <see cref="ISecretSource.GetAsync"/>.</summary>
    internal async Task<(Result<SecretText> Value, TimeSpan Cached)> GetAsync(SecretReference reference, CancellationToken cancellationToken) =>
        !_sources.TryGetValue(reference.Source, out var found) || found.Source.Check(reference) is not null
            ? (new VaultError(ErrorCodes.TokenRequestFailed, $"The secret source {reference.Source} is not among this vault's settings (Vault:SecretSources), or doesn't hold what is referred to."), TimeSpan.Zero)
            : (await found.Source.GetAsync(reference, cancellationToken), found.Cached);
}
