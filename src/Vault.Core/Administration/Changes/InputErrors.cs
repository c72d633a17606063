using Vault.Core.Primitives;

namespace Vault.Core.Administration.Changes;

/// <summary>Collects everything that is wrong with an input, by JSON path, so that all is said at once.</summary>
internal sealed class InputErrors
{
    private readonly Dictionary<string, List<string>> _messages = new(StringComparer.Ordinal);

    public bool Any => _messages.Count > 0;

    public void Add(string path, string message)
    {
        if (!_messages.TryGetValue(path, out var messages))
        {
            _messages[path] = messages = [];
        }

        messages.Add(message);
    }

    /// <summary>Takes the errors of a part over; false where there was none.</summary>
    public void Add(VaultError error, string path)
    {
        if (error.Errors is null)
        {
            Add(path, error.Detail);
            return;
        }

        foreach (var (at, messages) in error.Errors)
        {
            foreach (var message in messages)
            {
                Add(at, message);
            }
        }
    }

    /// <summary>A text of limited length.</summary>
    public void CheckLength(string path, string? text, int most)
    {
        if (text?.Length > most)
        {
            Add(path, $"Must be at most {most} characters.");
        }
    }

    public VaultError ToError(string code = ErrorCodes.InvalidRequest, string detail = "The request is not valid.") =>
        new(code, detail, _messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal));
}
