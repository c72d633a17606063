using System.Collections.Concurrent;

namespace Vault.Api.Hosting;

/// <summary>
/// Notes which settings of the vault are asked for: what was set and nobody asked for is misspelt, or in the wrong place. A source of settings
/// that has none and is asked first, so that no list of names has to be kept beside the code that reads them.
/// </summary>
internal sealed partial class AskedSettings : ConfigurationProvider, IConfigurationSource
{
    private const string Name = "Vault";
    private const string Root = Name + ":";

    private readonly ConcurrentDictionary<string, bool> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _lists = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Notes from now on what these settings are asked for.</summary>
    public static AskedSettings AddTo(IConfigurationBuilder settings)
    {
        var asked = new AskedSettings();
        settings.Add(asked);
        return asked;
    }

    /// <summary>Judges, once they were read, their forms: a value in the place of a section would be passed over, and so would a list in the place of a value.</summary>
    /// <exception cref="VaultSettingException">A section has a value, or a value is a list.</exception>
    public void RequireForms(IConfiguration settings)
    {
        var (values, lists) = (_values.Keys.ToArray(), _lists.Keys.ToArray());
        foreach (var section in values.SelectMany(Above).Concat(lists).Except(values, StringComparer.OrdinalIgnoreCase))
        {
            if (settings[section] is { Length: > 0 })
            {
                var below = values.Where(name => name.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.OrdinalIgnoreCase).ToArray();
                throw new VaultSettingException(
                    section, "takes no value of its own, only settings below it" + (below.Length > 0 ? $" ({string.Join(", ", below)})." : "."));
            }
        }

        foreach (var name in values.Except(lists, StringComparer.OrdinalIgnoreCase))
        {
            if (settings.GetSection(name).GetChildren().Any(child => child.Key.All(char.IsAsciiDigit)))
            {
                throw new VaultSettingException(name, "takes one value, no list.");
            }
        }
    }

    /// <summary>Warns, once everything was read, of each setting that nothing asked for; by its name, since its value may be a secret.</summary>
    public void TellUnasked(IConfiguration settings, ILogger logger)
    {
        // Going through all of them asks for all of them.
        var asked = _values.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in settings.AsEnumerable().OrderBy(setting => setting.Key, StringComparer.OrdinalIgnoreCase).ToArray())
        {
            if (value is { Length: > 0 } && (IsOurs(name) || name.Equals(Name, StringComparison.OrdinalIgnoreCase)) && !asked.Contains(name))
            {
                LogUnasked(logger, name);
            }
        }
    }

    /// <inheritdoc />
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <inheritdoc />
    public override bool TryGet(string key, out string? value)
    {
        if (IsOurs(key))
        {
            _values.TryAdd(key, true);
        }

        value = null;
        return false;
    }

    /// <inheritdoc />
    public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
    {
        if (parentPath is not null && IsOurs(parentPath))
        {
            _lists.TryAdd(parentPath, true);
        }

        return earlierKeys;
    }

    /// <inheritdoc />
    public override void Set(string key, string? value)
    {
        // There are none here.
    }

    private static bool IsOurs(string name) => name.StartsWith(Root, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Above(string name)
    {
        for (var end = name.LastIndexOf(':'); end > Root.Length; end = name.LastIndexOf(':', end - 1))
        {
            yield return name[..end];
        }
    }

    [LoggerMessage(1101, LogLevel.Warning, "The setting {Setting} has no effect: nothing that runs here has a setting of this name. Is it misspelt, or in the wrong place?")]
    private static partial void LogUnasked(ILogger logger, string setting);
}
