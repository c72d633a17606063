using System.Text.Json;

namespace Vault.Core.Storage;

/// <summary>Tells a row whose columns hold what they can't hold, because something else than the vault wrote it, from other faults.</summary>
internal static class UndecodableRows
{
    /// <summary>Whether reading a row failed because of what is in it.</summary>
    public static bool IsOne(Exception exception) =>
        exception is FormatException or InvalidCastException or OverflowException or ArgumentException or InvalidOperationException or JsonException

        // A driver that believes that it would go well once more says so in one of these.
        && exception is not ObjectDisposedException && !StorageFaults.IsUnavailable(exception);
}
