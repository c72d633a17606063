using System.CommandLine;
using System.Text.Json.Nodes;
using Vault.Cli.Completion;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Listing;

/// <summary>What there is in a vault to list and show.</summary>
/// <param name="Name">As in the routes.</param>
/// <param name="OfApp">Where it belongs to an app: what follows <c>apps/{app}/</c>.</param>
/// <param name="Columns">Of the table.</param>
internal sealed record ResourceKind(string Name, string? OfApp, params Column[] Columns)
{
    /// <summary>All kinds.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        new("external-credentials", null,
            Column.Of("Name", "name"),
            new Column("Protocol", item => (string?)item["authentication"]?["protocol"]),
            Column.Of("Allowed hosts", "allowedHosts"),
            new Column("Principals", item => string.Join(", ", (item["principals"] as JsonArray ?? []).Select(one => $"{one?["name"]} ({((string?)one?["status"] == "configured" ? "configured" : "not configured")})"))),
            Column.Of("Used by", "usedBy")),
        new("named-credentials", null,
            Column.Of("Name", "name"), Column.Of("URL", "url"), Column.Of("External credential", "externalCredential"), Column.Of("Enabled", "enabled")),
        new("apps", null, Column.Of("Name", "name"), Column.Of("Label", "label"), Column.Of("May assert user", "mayAssertUser")),
        new("grants", "grants", Column.Of("Named credential", "namedCredential"), Column.Of("Principals", "principals")),
        new("app-keys", "keys", Column.Of("Id", "id"), Column.Of("Created", "createdAt"), Column.Of("Expires", "expiresAt"), Column.Of("Last used", "lastUsedAt")),
        new("admin-keys", null,
            Column.Of("Name", "name"), Column.Of("Role", "role"), Column.Of("Id", "id"), Column.Of("Expires", "expiresAt"), Column.Of("Last used", "lastUsedAt")),
    ];

    /// <summary>An argument that names one.</summary>
    public static Argument<string> Argument(IEnumerable<ResourceKind> kinds)
    {
        var names = kinds.Select(kind => kind.Name).ToArray();
        var argument = new Argument<string>("kind") { Description = "One of: " + string.Join(", ", names) + ".", HelpName = "kind" };
        argument.AcceptOnlyFromAmong(names);
        return argument;
    }

    /// <summary>The one of this name.</summary>
    public static ResourceKind Of(string name) => All.First(kind => kind.Name == name);

    /// <summary>An option that names an app.</summary>
    public static Option<string?> AppOption(Surroundings surroundings)
    {
        var option = new Option<string?>("--app") { Description = "The app, where the kind belongs to one.", HelpName = "app" };
        option.CompletionSources.Add(VaultNames.Of(surroundings, "apps"));
        return option;
    }

    /// <summary>Where it is below <c>/api/v1/</c>.</summary>
    public string PathFor(string? app) => OfApp is null ? Name
        : app is null ? throw CommandFailure.Usage($"{Name} belong to an app: name it with --app.")
        : $"apps/{VaultConnection.Segment(app)}/{OfApp}";
}
