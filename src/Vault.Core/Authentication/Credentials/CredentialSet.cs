using Vault.Core.Authentication.SecretSources;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Credentials;

/// <summary>The parameters of one principal and user, sealed in memory; each is opened for the request that needs it.</summary>
public sealed class CredentialSet
{
    private readonly Dictionary<string, Entry> _current = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Entry> _retired = [];
    private readonly SecretSealer _sealer;
    private readonly BoundCredential _credential;
    private readonly Guid _principalId;
    private readonly string _user;
    private readonly IReadOnlyDictionary<Guid, VaultError>? _failures;

    /// <summary>A parameter, ready to be opened.</summary>
    private sealed record Entry(SealedParameter Stored, SealedValue Value);

    /// <summary>Takes the stored parameters, with values in the place of references.</summary>
    /// <param name="sealer">Opens them.</param>
    /// <param name="credential">Whose they are.</param>
    /// <param name="principalId">The principal.</param>
    /// <param name="user">The user; empty: none.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="failures">Why a parameter, by its row, has no value although it refers to one.</param>
    public CredentialSet(
        SecretSealer sealer, BoundCredential credential, Guid principalId, string user, IReadOnlyList<SealedParameter> parameters,
        IReadOnlyDictionary<Guid, VaultError>? failures = null)
    {
        _failures = failures;
        _sealer = sealer;
        _credential = credential;
        _principalId = principalId;
        _user = user;

        // What all users of a principal share comes first; a user's own take its place.
        foreach (var parameter in parameters.OrderBy(parameter => parameter.User.Length))
        {
            if (parameter.RetiredAt is null)
            {
                _current[parameter.Name] = new Entry(parameter, new SealedValue(Place(parameter), parameter.Sealed));
            }
            else
            {
                _retired.Add(new Entry(parameter, new SealedValue(Place(parameter), parameter.Sealed)));
            }
        }

        Stamp = StampOf(_current.Values.Select(entry => entry.Stored));
    }

    /// <summary>The external credential is just being changed: what was asked for is to be asked anew.</summary>
    public static VaultError Overtaken { get; } =
        new(ErrorCodes.StorageUnavailable, "The external credential is just being changed. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>The parameters as they are stored, references among them.</summary>
    internal IReadOnlyList<SealedParameter> Stored { get; init; } = [];

    /// <summary>How long the values may be used that references led to, from when they were followed; null: there are none.</summary>
    internal TimeSpan? UsableFor { get; init; }

    /// <summary>When references were followed; a timestamp.</summary>
    internal long FollowedAt { get; init; }

    /// <summary>
    /// Whether the external credential was changed while a callout was on its way: the parameters are sealed to another version than the one that the
    /// callout was let in by. Whoever asked has to say <see cref="Overtaken"/>, or begin anew.
    /// </summary>
    public bool IsOvertaken { get; internal init; }

    /// <summary>Whether a reference led to no value, and perhaps to an older one.</summary>
    internal bool HasFailures => _failures is { Count: > 0 };

    /// <summary>Why a parameter has no value that has to have one, and nobody here knows the last one either; null: all have.</summary>
    public VaultError? Failure => _failures is { Count: > 0 } failures
        ? _current.Values.Where(entry => entry.Stored.Fingerprint is null).Select(entry => failures.GetValueOrDefault(entry.Stored.Id)).FirstOrDefault(failure => failure is not null)
        : null;

    /// <summary>Whether a service refused them: what references lead to may have changed.</summary>
    internal bool IsRefused { get; private set; }

    /// <summary>A service refused them.</summary>
    public void NoteRefused() => IsRefused = true;

    /// <summary>Whether they are one user's of a per-user principal.</summary>
    public bool IsPerUser => _user.Length > 0;

    /// <summary>The names of the parameters of this very user, beside those that all users of the principal share.</summary>
    public IReadOnlyCollection<string> OwnNames => [.. Names.Where(IsOwn)];

    /// <summary>Whether the parameter's value is of this very user.</summary>
    public bool IsOwn(string parameter) => _current.TryGetValue(parameter, out var entry) && entry.Stored.User == _user;

    /// <summary>Changes with every change of a parameter.</summary>
    public string Stamp { get; }

    /// <summary>Changes with every change of a parameter, and when a replaced value comes or goes.</summary>
    public string EchoStamp => _retired.Count == 0 ? Stamp : $"{Stamp}/{StampOf(_retired.Select(entry => entry.Stored))}";

    /// <summary>The names that have a value.</summary>
    public IReadOnlyCollection<string> Names => _current.Keys;

    /// <summary>Whether the parameter has a value; without regard to case.</summary>
    public bool Has(string parameter) => _current.ContainsKey(parameter);

    /// <summary>The parameter's name as it was set; null: it has no value.</summary>
    internal string? NameOf(string parameter) => _current.TryGetValue(parameter, out var entry) ? entry.Stored.Name : null;

    /// <summary>Changes with every change of one of these parameters.</summary>
    public string StampOf(IReadOnlyList<string> names) => StampOf(_current.Values.Select(entry => entry.Stored).Where(parameter => names.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase)));

    /// <summary>The rows of the values that are in use, or of those of these parameters.</summary>
    internal IReadOnlyList<Guid> IdsOf(IReadOnlyList<string>? names) =>
        [.. _current.Values.Select(entry => entry.Stored).Where(stored => names is null || names.Contains(stored.Name, StringComparer.OrdinalIgnoreCase)).Select(stored => stored.Id)];

    /// <summary>Opens a parameter; <c>credential-not-configured</c> where it has no value.</summary>
    public Result<SecretText> Open(string parameter) => _current.TryGetValue(parameter, out var entry)
        ? _failures?.GetValueOrDefault(entry.Stored.Id) is { } failure ? failure : RequireValue(_sealer.Open(entry.Value), parameter)
        : new VaultError(
            ErrorCodes.CredentialNotConfigured, $"The parameter {parameter} of the external credential {_credential.Definition.Name} has no value.");

    /// <summary>Opens the values of the last 24 hours that were replaced, with the names of their parameters.</summary>
    public IEnumerable<(string Parameter, SecretText Value)> OpenRetired()
    {
        foreach (var entry in _retired)
        {
            if (_sealer.Open(entry.Value) is { IsOk: true } opened && !SecretReference.IsStored(opened.Value.RevealUtf8()))
            {
                yield return (entry.Stored.Name, opened.Value);
            }
        }
    }

    private static string StampOf(IEnumerable<SealedParameter> parameters)
    {
        var stamp = LengthPrefixed.Begin("stamp");
        foreach (var parameter in parameters.OrderBy(parameter => parameter.Id))
        {
            stamp.Add(parameter.Id).Add(parameter.Version);
            if (parameter.Fingerprint is { } fingerprint)
            {
                stamp.Add(fingerprint);
            }
        }

        return Convert.ToHexStringLower(stamp.Sha256());
    }

    // A reference that nobody followed is not a value, and must never be taken for one.
    private static Result<SecretText> RequireValue(Result<SecretText> opened, string parameter) => opened.IsOk && SecretReference.IsStored(opened.Value.RevealUtf8())
        ? new VaultError(ErrorCodes.TokenRequestFailed, $"The parameter {parameter} refers to a secret source, and this vault has none (Vault:SecretSources).")
        : opened;

    private SealPlace Place(SealedParameter stored) => PlaceOf(_credential, _principalId, _user, stored);

    /// <summary>Where a parameter is sealed to.</summary>
    internal static SealPlace PlaceOf(BoundCredential credential, Guid principalId, string user, SealedParameter stored) => new(
        "parameter", stored.Id, credential.Definition.Id, principalId, stored.User.Length == 0 ? "" : user, stored.Name.ToLowerInvariant(), stored.Version, credential.Binding);
}
