using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.Sealing;

namespace Vault.Fuzz.Parsers;

/// <summary>What somebody may have written into the database: only a record exactly as it was sealed, where it belongs, opens.</summary>
internal sealed class SealedRecordParser : IFuzzedParser
{
    private static readonly byte[] Secret = "Canary-Sealed-Value-1"u8.ToArray();
    private readonly SecretSealer _sealer;
    private readonly SealPlace _place = new(
        "parameter", Guid.Parse("11111111-1111-1111-1111-111111111111"), Guid.Parse("22222222-2222-2222-2222-222222222222"),
        Guid.Parse("33333333-3333-3333-3333-333333333333"), "", "password", 1, SHA256.HashData("binding"u8));

    private readonly byte[] _record;
    private readonly byte[] _other;

    public SealedRecordParser()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        _sealer = new SecretSealer(ring, TimeProvider.System);
        _record = _sealer.Seal(_place, Secret);
        _other = _sealer.Seal(_place with { Version = 2 }, Secret);
    }

    public string Name => "sealed-record";

    public IReadOnlyList<string> Words => ["CV\u0001\u0001", "\0\0\0@", "\0\0\0\u0080"];

    public void Run(byte[] input)
    {
        // 1. The bytes as they are.
        Open(input);
        Open([.. SealedRecord.Prefix, .. input]);

        // 2. A record, edited as the bytes say: place (2), what to do, and with what.
        var record = _record.ToArray();
        for (var i = 0; i + 3 < input.Length && i < 400; i += 4)
        {
            var at = ((input[i] << 8) | input[i + 1]) % Math.Max(1, record.Length);
            record = (input[i + 2] % 5) switch
            {
                0 => [.. record[..at], (byte)(record.Length == 0 ? 0 : record[at] ^ input[i + 3]), .. record[Math.Min(record.Length, at + 1)..]],
                1 => record[..at],
                2 => [.. record, .. new byte[input[i + 3]]],
                3 => [.. record[..at], .. _other[Math.Min(at, _other.Length)..]],
                _ => [.. record[..at], .. record.Skip(at).Take(input[i + 3]), .. record[at..]],
            };
        }

        Open(record);
    }

    private void Open(byte[] record)
    {
        var opened = _sealer.Open(_place, record);
        FuzzFailure.Unless(opened.IsOk == record.AsSpan().SequenceEqual(_record), opened.IsOk ? "A record that was changed opens." : "The record itself doesn't open.");
        FuzzFailure.Unless(!opened.IsOk || opened.Value.RevealUtf8().SequenceEqual(Secret), "It opens as something else.");
    }
}
