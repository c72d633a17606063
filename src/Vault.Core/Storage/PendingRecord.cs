using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>
/// What a command did to the vault, as the database says it until the audit does: the end of the chain belongs to the vault that runs,
/// so the next start records it.
/// </summary>
/// <param name="Id">Of the record that the audit gets.</param>
/// <param name="At">When.</param>
/// <param name="Action">As in <c>master-key.changed</c>.</param>
/// <param name="Target">What it was done to.</param>
/// <param name="Mac">Under the vault's key.</param>
internal sealed record PendingRecord(string Id, DateTimeOffset At, string Action, string Target, byte[] Mac)
{
    private const string Prefix = "pending-record:";

    /// <summary>Whether a fact is one.</summary>
    public static bool IsOne(VaultFactRow fact) => fact.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Reads it; null where this vault didn't write it.</summary>
    public static PendingRecord? Read(VaultFactRow fact, IntegrityKey key)
    {
        try
        {
            return JsonSerializer.Deserialize<PendingRecord>(fact.Value, JsonSerializerOptions.Web) is { Id: not null, Action: not null, Target: not null, Mac: not null } record
                && fact.Name == Prefix + record.Id && CryptographicOperations.FixedTimeEquals(record.Mac, MacOf(key, record.Id, record.At, record.Action, record.Target)) ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The fact of one.</summary>
    public static VaultFactRow ToRow(IntegrityKey key, DateTimeOffset at, string action, string target)
    {
        var id = Guid.CreateVersion7().ToString("N");
        var record = new PendingRecord(id, at, action, target, MacOf(key, id, at, action, target));
        return new VaultFactRow { Name = Prefix + id, Value = JsonSerializer.SerializeToUtf8Bytes(record, JsonSerializerOptions.Web) };
    }

    private static byte[] MacOf(IntegrityKey key, string id, DateTimeOffset at, string action, string target) =>
        key.Mac(LengthPrefixed.Begin(CryptographicLabels.PendingRecord).Add(id).Add(at).Add(action).Add(target));
}
