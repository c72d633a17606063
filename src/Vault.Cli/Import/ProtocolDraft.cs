using System.Text.Json.Nodes;

namespace Vault.Cli.Import;

/// <summary>A parameter that has to be entered for each principal.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it is, for people.</param>
/// <param name="KnownValue">Its value where it stands there and is no secret.</param>
/// <param name="IsShared">Whether all users of a principal have the same, so that it is set on the principal itself.</param>
/// <param name="Principal">Of this principal only, as it is called where it comes from; null: of all of them.</param>
internal sealed record DueParameter(string Name, string Meaning, string? KnownValue = null, bool IsShared = false, string? Principal = null)
{
    /// <summary>What one principal has of its own. A formula is no value, since parameters aren't searched for fields; it may be another for each user.</summary>
    public static DueParameter Of(string name, string meaning, string? value, string? principal) => value?.Contains("{!", StringComparison.Ordinal) is true
        ? new DueParameter(name, $"{meaning}, which Salesforce works out: {Shown.Of(value)}", Principal: principal)
        : new DueParameter(name, meaning, value, IsShared: true, Principal: principal);
}

/// <summary>The <c>authentication</c> of an external credential, and what goes with it.</summary>
/// <param name="settings">Its protocol and settings.</param>
internal sealed class ProtocolDraft(JsonObject settings)
{
    private readonly List<DueParameter> _parameters = [];
    private readonly List<Uri> _hosts = [];

    /// <summary>The protocol and its settings.</summary>
    public JsonObject Settings => settings;

    /// <summary>What has to be entered.</summary>
    public IReadOnlyList<DueParameter> Parameters => _parameters;

    /// <summary>Where sign-ins go.</summary>
    public IReadOnlyList<Uri> Hosts => _hosts;

    /// <summary>Whether somebody has to consent in a browser.</summary>
    public bool NeedsConsent { get; init; }

    /// <summary>A protocol without settings.</summary>
    public static ProtocolDraft Of(string protocol) => new(new JsonObject { ["protocol"] = protocol });

    /// <summary>A parameter has to be entered.</summary>
    public ProtocolDraft Needs(string name, string meaning, string? knownValue = null, bool isShared = false, string? principal = null)
    {
        _parameters.Add(new DueParameter(name, meaning, knownValue, isShared, principal));
        return this;
    }

    /// <summary>Sign-ins go there.</summary>
    public ProtocolDraft SignsInAt(params ReadOnlySpan<Uri?> urls)
    {
        foreach (var url in urls)
        {
            if (url is not null)
            {
                _hosts.Add(url);
            }
        }

        return this;
    }
}
