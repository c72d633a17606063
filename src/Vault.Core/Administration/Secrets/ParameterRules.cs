using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Secrets;

/// <summary>Which parameters and values there may be; contract section 3.</summary>
internal static class ParameterRules
{
    private const int MaxValue = 65_536;
    private const int MaxCount = 200;

    /// <summary>Checks names and values; values may be null only where null removes.</summary>
    public static void Check(IReadOnlyList<KeyValuePair<string, string?>> parameters, string path, bool nullRemoves, InputErrors errors)
    {
        if (parameters.Count > MaxCount)
        {
            errors.Add(path, $"Must be at most {MaxCount} parameters.");
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in parameters)
        {
            var at = JsonPlace.Below(path, name);
            if (!DeveloperName.TryParse(name, out _))
            {
                errors.Add(at, "The name " + DeveloperName.Rule + ".");
            }
            else if (NameRules.IsComputed(name))
            {
                errors.Add(at, $"{name} is computed in merge fields and can't be the name of a parameter.");
            }
            else if (!seen.Add(name))
            {
                errors.Add(at, "Stands here twice; names are matched without regard to case.");
            }

            if (value is null ? !nullRemoves : value.Length is 0 or > MaxValue)
            {
                errors.Add(at, $"Must be a text of 1 to {MaxValue} characters.");
            }
        }
    }
}
