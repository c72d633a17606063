using System.Text;
using System.Text.Json;

namespace Vault.Core.Storage.Backups;

/// <summary>
/// What is inside a backup, a line of JSON each: the shape of the tables, the rows (arrays that begin with the table's name), and at the
/// end how many there were of each.
/// </summary>
internal static class BackupContent
{
    /// <summary>The lines of the file of signed checkpoints, as rows.</summary>
    public const string Checkpoints = "@audit-checkpoints";

    /// <summary>The mark of where the audit ended.</summary>
    public const string Mark = "@audit-mark";

    /// <summary>The first line.</summary>
    /// <param name="Shape">Of the tables.</param>
    /// <param name="IsShared">Whether several processes write to the audit, so that the checkpoints may begin later than it; false in backups from before this was said.</param>
    public sealed record Beginning(IReadOnlyList<string> Shape, bool IsShared = false);

    /// <summary>The last line.</summary>
    public sealed record End(SortedDictionary<string, long> Rows);

    /// <summary>Writes a line.</summary>
    public static async Task WriteLineAsync<T>(Stream output, T value, CancellationToken cancellationToken) =>
        await output.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web), (byte)'\n'], cancellationToken);

    /// <summary>Reads all lines.</summary>
    /// <param name="content">Opened.</param>
    /// <param name="begin">Gets the first line.</param>
    /// <param name="row">Gets each row, and its table.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How many rows there were of each table.</returns>
    /// <exception cref="BackupDamagedException">It isn't as it was written.</exception>
    public static async Task<SortedDictionary<string, long>> ReadAsync(
        Stream content, Action<Beginning> begin, Func<string, JsonElement, Task> row, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        try
        {
            begin(Parse<Beginning>(await reader.ReadLineAsync(cancellationToken)));
            var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.StartsWith('{'))
                {
                    var end = Parse<End>(line).Rows;
                    return await reader.ReadLineAsync(cancellationToken) is null && end.SequenceEqual(counts)
                        ? counts
                        : throw new BackupDamagedException("The backup doesn't hold as many rows as were written to it.");
                }

                using var json = JsonDocument.Parse(line);
                var table = json.RootElement[0].GetString() ?? "";
                counts[table] = counts.GetValueOrDefault(table) + 1;
                await row(table, json.RootElement);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IndexOutOfRangeException or DecoderFallbackException)
        {
            throw new BackupDamagedException("What the backup holds can't be read.", exception);
        }

        throw new BackupDamagedException("The backup has no end.");
    }

    private static T Parse<T>(string? line) => JsonSerializer.Deserialize<T>(line ?? "null", JsonSerializerOptions.Web) ?? throw new JsonException();
}
