using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Vault.Core.Storage;

/// <summary>Rows that are left out because something else than this vault wrote them: logged and counted, each once, however often it is read. While there is one, the vault isn't ready.</summary>
public sealed partial class RowFaults(ILogger<RowFaults> logger)
{
    /// <summary>In place of an id that isn't as the vault writes ids: who writes such rows could write lines of the log.</summary>
    public const string Unreadable = "(unreadable)";

    private readonly ConcurrentDictionary<(string Kind, string Id), bool> _known = new();

    /// <summary>How many there were.</summary>
    public int Count => _known.Count;

    /// <summary>Notes one.</summary>
    /// <param name="kind">What it would have been.</param>
    /// <param name="id">Its id, as the vault writes ids, or <see cref="Unreadable"/>.</param>
    internal void Report(string kind, string id)
    {
        if (_known.TryAdd((kind, id), true))
        {
            LogNotAuthentic(logger, kind, id);
        }
    }

    [LoggerMessage(3001, LogLevel.Critical, "The {Kind} {Id} in the database is not authentic: it was changed by something else than this vault. It is left out.")]
    private static partial void LogNotAuthentic(ILogger logger, string kind, string id);
}
