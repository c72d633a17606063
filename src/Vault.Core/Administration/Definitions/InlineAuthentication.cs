using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Definitions;

/// <summary>A named credential's inline <c>authentication</c>, taken apart: settings, and the parameters beside them.</summary>
/// <param name="Settings">What the protocol binds.</param>
/// <param name="Parameters">The secrets; null where none were sent.</param>
/// <param name="AreGrouped">Whether they stand in <c>parameters</c>, not beside the settings.</param>
internal sealed record InlineAuthentication(JsonElement Settings, IReadOnlyList<KeyValuePair<string, string?>>? Parameters, bool AreGrouped)
{
    private const string Path = "$.authentication";
    private const string GroupPath = Path + ".parameters";

    /// <summary>Where a parameter was sent.</summary>
    public string PlaceOf(string parameter) =>
        AreGrouped ? JsonPlace.Below(GroupPath, parameter) : JsonPlace.Below(Path, JsonNamingPolicy.CamelCase.ConvertName(parameter));

    /// <summary>Takes it apart; null where <paramref name="errors"/> say why not.</summary>
    public static InlineAuthentication? Read(JsonElement element, AuthenticationProtocols protocols, InputErrors errors)
    {
        var protocol = protocols.Find(element);
        if (!protocol.IsOk)
        {
            errors.Add(protocol.Error, Path);
            return null;
        }

        var settings = new JsonObject();
        List<KeyValuePair<string, string?>>? inline = null;
        List<KeyValuePair<string, string?>>? grouped = null;
        foreach (var property in element.EnumerateObject())
        {
            var parameter = protocol.Value.InlineParameters.FirstOrDefault(name => JsonNamingPolicy.CamelCase.ConvertName(name) == property.Name);
            if (property.Name == "parameters")
            {
                grouped = ReadParameters(property.Value, errors);
            }
            else if (parameter is not null)
            {
                Add(inline ??= [], parameter, property.Value, JsonPlace.Below(Path, property.Name), errors);
            }
            else
            {
                settings[property.Name] = JsonNode.Parse(property.Value.GetRawText());
            }
        }

        if (inline is not null && grouped is not null)
        {
            errors.Add(GroupPath, "All parameters stand either beside the settings or in parameters, not in both.");
        }

        if (grouped is not null)
        {
            ParameterRules.Check(grouped, GroupPath, nullRemoves: false, errors);
        }

        using var document = JsonDocument.Parse(settings.ToJsonString());
        // An empty object sends none: what is set stays.
        return new InlineAuthentication(document.RootElement.Clone(), grouped is { Count: 0 } ? null : grouped ?? inline, grouped is not null);
    }

    private static List<KeyValuePair<string, string?>>? ReadParameters(JsonElement element, InputErrors errors)
    {
        if (element.ValueKind is not JsonValueKind.Object)
        {
            errors.Add(GroupPath, "Must be an object of texts.");
            return null;
        }

        var parameters = new List<KeyValuePair<string, string?>>();
        foreach (var property in element.EnumerateObject())
        {
            if (ParameterValue.TryRead(property.Value, out var stored) is { } problem)
            {
                errors.Add(problem.PlaceIn(JsonPlace.Below(GroupPath, property.Name)), problem.Message);
            }
            else
            {
                parameters.Add(new(property.Name, stored));
            }
        }

        return parameters;
    }

    private static void Add(List<KeyValuePair<string, string?>> parameters, string name, JsonElement value, string path, InputErrors errors)
    {
        var problem = ParameterValue.TryRead(value, out var stored);
        if (problem is null && stored is { Length: > 0 and <= 65_536 })
        {
            parameters.Add(new(name, stored));
        }
        else
        {
            errors.Add(problem?.PlaceIn(path) ?? path, problem?.Message ?? "Must be a text of 1 to 65536 characters.");
        }
    }
}
