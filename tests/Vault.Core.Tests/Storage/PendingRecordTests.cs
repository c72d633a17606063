using Microsoft.AspNetCore.DataProtection;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;
using Xunit;

namespace Vault.Core.Tests.Storage;

/// <summary>What a command leaves for the audit: one record, which nobody else can write, change or double.</summary>
public sealed class PendingRecordTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 26, 20, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Read_UnderAnotherName_OrChanged_IsNone()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        var key = new IntegrityKey(ring);
        var row = PendingRecord.ToRow(key, At, "vault.restored", "backup");
        var record = PendingRecord.Read(row, key);
        Assert.Equal(("vault.restored", "backup", At), (record?.Action, record?.Target, record?.At));
        Assert.EndsWith(record!.Id, row.Name, StringComparison.Ordinal);

        // A copy would be recorded a second time.
        Assert.Null(PendingRecord.Read(new VaultFactRow { Name = row.Name[..^1] + (row.Name[^1] == '0' ? '1' : '0'), Value = row.Value }, key));
        var changed = System.Text.Encoding.UTF8.GetString(row.Value).Replace("vault.restored", "vault.started", StringComparison.Ordinal);
        Assert.Null(PendingRecord.Read(new VaultFactRow { Name = row.Name, Value = System.Text.Encoding.UTF8.GetBytes(changed) }, key));
    }
}
