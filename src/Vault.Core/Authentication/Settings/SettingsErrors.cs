using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>Collects every mistake in the settings with its JSON path, so that all are told at once.</summary>
internal sealed class SettingsErrors
{
    private readonly Dictionary<string, List<string>> _messages = new(StringComparer.Ordinal);

    /// <summary>Whether there is any.</summary>
    public bool Any => _messages.Count > 0;

    /// <summary>Adds one.</summary>
    public void Add(string path, string message)
    {
        if (!_messages.TryGetValue(path, out var messages))
        {
            _messages[path] = messages = [];
        }

        messages.Add(message);
    }

    /// <summary>All of them as <c>invalid-request</c>.</summary>
    public VaultError ToError() => new(
        ErrorCodes.InvalidRequest,
        "The authentication settings are not valid.",
        _messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal));
}
