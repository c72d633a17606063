using System.Text.Json;
using Vault.Core.Authentication.SecretSources;

namespace Vault.Core.Administration.Secrets;

/// <summary>A parameter as an admin sends it: a text, or where the text is kept.</summary>
public static class ParameterValue
{
    /// <summary>Reads it: what is wrong with it, or null.</summary>
    /// <param name="json">A text, or an object of <c>source</c>, <c>secret</c>, <c>field</c> and <c>version</c>.</param>
    /// <param name="stored">What is sealed.</param>
    public static ReferenceProblem? TryRead(JsonElement json, out string? stored)
    {
        stored = null;
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                stored = json.GetString();

                // Else whoever may set a value could make it a reference that nobody has judged.
                return SecretReference.IsStored(stored) ? new ReferenceProblem("Must not begin like the stored form of a reference.") : null;
            case JsonValueKind.Object:
                var problem = SecretReference.TryRead(json, out var reference);
                stored = reference?.ToStored();
                return problem;
            default:
                return new ReferenceProblem("Must be a text, or a reference of source, secret and field.");
        }
    }
}
