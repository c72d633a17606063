using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Vault.Core.Primitives;

/// <summary>
/// A setting that is a list: an array, or one text with commas between its entries. Where sources of settings have it in both forms, the
/// form of the later source counts, and what earlier ones say in the other form doesn't: the environment can narrow what a file allows.
/// Arrays of several sources are merged by index, as ASP.NET Core does.
/// </summary>
public static class SettingList
{
    /// <summary>The entries, without white space around them and without empty ones; null where there is no such setting.</summary>
    /// <param name="configuration">All settings, with their sources.</param>
    /// <param name="key">The setting's full name.</param>
    /// <param name="entriesHoldCommas">Whether an entry of an array may have commas of its own; else they part it, too.</param>
    /// <exception cref="OptionsValidationException">One source has both forms.</exception>
    public static IReadOnlyList<string>? Read(IConfiguration configuration, string key, bool entriesHoldCommas = false)
    {
        // All are asked for, whatever counts: none of them is misspelt.
        var text = configuration[key];
        var entries = configuration.GetSection(key).GetChildren().Select(child => (child.Key, child.Value)).ToArray();
        if (text is null && entries.Length == 0)
        {
            return null;
        }

        if (text is not null && entries.Length > 0)
        {
            var later = ArraySinceText((IConfigurationRoot)configuration, key);
            entries = [.. entries.Where(entry => later.Contains(entry.Key))];
        }

        var parts = entries.Length > 0 ? entries.Select(entry => entry.Value ?? "") : [text ?? ""];
        return [.. parts.SelectMany(part => entriesHoldCommas && entries.Length > 0 ? [part] : part.Split(',')).Select(part => part.Trim()).Where(part => part.Length > 0)];
    }

    // The keys of what the sources after the last one with a text have; none, where the text is in force.
    private static HashSet<string> ArraySinceText(IConfigurationRoot configuration, string key)
    {
        HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);
        foreach (var source in configuration.Providers.Reverse())
        {
            var own = source.GetChildKeys([], key).ToArray();

            // An empty text beside an array is none: who hands settings on, as hosts of tests do, names what is above them, too.
            var hasText = source.TryGet(key, out var text) && (own.Length == 0 || !string.IsNullOrWhiteSpace(text));
            if (hasText && own.Length > 0)
            {
                throw new OptionsValidationException(key, typeof(SettingList), [$"{key} is set as one text and as an array in the same place; set one of them."]);
            }

            keys.UnionWith(own);
            if (hasText)
            {
                break;
            }
        }

        return keys;
    }
}
