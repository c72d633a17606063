using Vault.Cli.Documents;

namespace Vault.Cli.Import;

/// <summary>A principal.</summary>
/// <param name="SourceName">As it is called where it comes from.</param>
/// <param name="Name">As the vault does.</param>
/// <param name="IsPerUser">Whether each user has their own secrets.</param>
/// <param name="Sequence">The lowest is used.</param>
internal sealed record PrincipalDraft(string SourceName, string Name, bool IsPerUser, int Sequence);

/// <summary>An external credential that comes over; the named credentials that use it add what they need.</summary>
internal sealed class ExternalDraft
{
    private readonly List<DueParameter> _parameters = [];
    private readonly SortedSet<string> _hosts = new(StringComparer.Ordinal);

    /// <summary>As the vault calls it.</summary>
    public required string Name { get; init; }

    /// <summary>As it is called where it comes from.</summary>
    public required string SourceName { get; init; }

    /// <summary>For people.</summary>
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>How it authenticates.</summary>
    public required ProtocolDraft Protocol { get; init; }

    /// <summary>Its principals; one at least.</summary>
    public required IReadOnlyList<PrincipalDraft> Principals { get; init; }

    /// <summary>Its headers.</summary>
    public IReadOnlyList<CustomHeaderDefinition> Headers { get; init; } = [];

    /// <summary>Names that mean something else in the vault's merge fields, and are parameters of it.</summary>
    public IReadOnlyList<string> Own { get; init; } = [];

    /// <summary>Whether a named credential uses it.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Where named credentials use it.</summary>
    public IReadOnlyCollection<string> Hosts => _hosts;

    /// <summary>The protocol in words.</summary>
    public string Summary => Protocol.Settings["grant"] is { } grant ? $"oauth2 {grant}" : Protocol.Settings["protocol"]?.ToString() ?? "";

    /// <summary>What has to be entered, for each principal.</summary>
    public IEnumerable<SecretToEnter> Secrets =>
        from principal in Principals
        from due in Protocol.Parameters.Concat(_parameters)
        where due.Principal is null || due.Principal.Equals(principal.SourceName, StringComparison.OrdinalIgnoreCase)
        select new SecretToEnter(Name, principal.Name, principal.IsPerUser && !due.IsShared, due.Name, due.Meaning, due.KnownValue);

    /// <summary>The parameter of this meaning, or null.</summary>
    public string? FindParameter(string meaning) => Protocol.Parameters.Concat(_parameters).FirstOrDefault(due => due.Meaning == meaning)?.Name;

    /// <summary>Something has to be entered.</summary>
    public void Needs(string name, string meaning, bool isShared = false) => _parameters.Add(new DueParameter(name, meaning, IsShared: isShared));

    /// <summary>A named credential uses it there.</summary>
    public void UseAt(Uri origin)
    {
        IsUsed = true;
        _hosts.Add(CredentialUrl.HostOf(origin));
    }

    /// <summary>Its definition.</summary>
    public ExternalCredentialDefinition ToDefinition()
    {
        // A sign-in must be allowed too; where nobody uses the credential, the vault sets the hosts by its first named credential.
        var hosts = IsUsed ? _hosts.Union(Protocol.Hosts.Select(CredentialUrl.HostOf), StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray() : null;
        return new ExternalCredentialDefinition
        {
            Name = Name,
            Label = Label,
            Description = Description,
            Authentication = Protocol.Settings,
            AllowedHosts = hosts,
            Principals = [.. Principals.Select(principal => new PrincipalDefinition
            {
                Name = principal.Name,
                Type = principal.IsPerUser ? "perUser" : "named",
                Sequence = principal.Sequence,
            })],
            CustomHeaders = Headers.Count == 0 ? null : Headers,
        };
    }
}
