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
    private const int MaxCharacters = 65_536;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private static readonly Dictionary<string, Func<SecretSourceSettings, HttpMessageInvoker, TimeProvider, ISecretSource>> Types = new(StringComparer.Ordinal)
    {
        ["file"] = (settings, _, _) => FileSource.Read(settings),
        ["hashiCorpVault"] = (settings, http, time) => HashiCorpVaultSource.Read(settings, http, time),
        ["awsSecretsManager"] = (settings, http, time) => AwsSecretsManagerSource.Read(settings, http, time),
        ["azureKeyVault"] = (settings, http, time) => AzureKeyVaultSource.Read(settings, http, time),
    };

    private readonly Dictionary<string, (ISecretSource Source, TimeSpan Cached)> _sources = new(StringComparer.OrdinalIgnoreCase);

    private readonly TimeProvider _time;

    /// <summary>With these sources.</summary>
    internal SecretSources(IEnumerable<(string Name, ISecretSource Source, TimeSpan Cached)> sources, TimeProvider time)
    {
        _time = time;
        foreach (var (name, source, cached) in sources)
        {
            _sources.Add(name, (source, cached));
        }
    }

    /// <summary>No source at all.</summary>
    public static SecretSources None { get; } = new([], TimeProvider.System);

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
        }).ToArray(), time);

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _sources.Count == 0;

    private VaultError? Check(SecretReference reference, string path) =>
        !_sources.TryGetValue(reference.Source, out var found) ? Unknown(reference, path)
        : found.Source.Check(reference) is { } problem ? VaultError.Invalid(path, $"The reference {problem}.") : null;

    private static VaultError Unknown(SecretReference reference, string path)
    {
        var message = $"There is no secret source {reference.Source} among this vault's settings (Vault:SecretSources).";
        return new VaultError(ErrorCodes.UnknownReference, $"{path}: {message}", new Dictionary<string, string[]> { [path] = [message] });
    }

    /// <summary>The first of these parameters that may not refer to what it refers to, as an error; null: none.</summary>
    /// <param name="parameters">Names, and values or the stored forms of references.</param>
    /// <param name="placeOf">Where in the input one of that name stands.</param>
    public VaultError? Check(IEnumerable<KeyValuePair<string, string?>> parameters, Func<string, string> placeOf) => parameters
        .Where(parameter => SecretReference.IsStored(parameter.Value))
        .Select(parameter => Check(SecretReference.TryRead(Encoding.UTF8.GetBytes(parameter.Value!))!, placeOf(parameter.Key)))
        .FirstOrDefault(error => error is not null);

    /// <summary>How long a value of this source may be used.</summary>
    internal TimeSpan CachedFor(string source) => _sources.TryGetValue(source, out var found) ? found.Cached : TimeSpan.Zero;

    /// <summary>Gets a value, of 1 to 65,536 characters; the same errors as <see cref="ISecretSource.GetAsync"/>, and never an exception.</summary>
    internal async Task<Result<SecretText>> GetAsync(SecretReference reference)
    {
        if (!_sources.TryGetValue(reference.Source, out var found) || found.Source.Check(reference) is not null)
        {
            return Failed(reference.Source, "is not among this vault's settings (Vault:SecretSources), or can't hold what is referred to");
        }

        using var limit = new CancellationTokenSource(Limit, _time);
        try
        {
            // On a thread of its own, so that a source that blocks is waited for no longer than one that doesn't answer.
            var value = await Task.Run(() => found.Source.GetAsync(reference, limit.Token), CancellationToken.None).WaitAsync(limit.Token);
            return value.IsOk && value.Value.Reveal().Length is 0 or > MaxCharacters ? Failed(reference.Source, $"has a value of no, or more than {MaxCharacters}, characters") : value;
        }
        catch (OperationCanceledException)
        {
            return Failed(reference.Source, "did not answer in time");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: whatever a source's library throws, callers get an answer, and what it says may hold the value.
            return Failed(reference.Source, $"could not be asked: {exception.GetType().Name}");
        }
    }

    private static VaultError Failed(string source, string clause) => new(ErrorCodes.TokenRequestFailed, $"The secret source {source} {clause}.");
}
