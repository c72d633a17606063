using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.Sealing;
using Xunit;

namespace Vault.Core.Tests.Secrets;

public sealed class SecretSealerTests
{
    private static readonly byte[] Canary = Encoding.UTF8.GetBytes("Canary-Secret-Value-1");
    private static readonly SealPlace Place = new(
        "parameter", Guid.Parse("11111111-1111-1111-1111-111111111111"), Guid.Parse("22222222-2222-2222-2222-222222222222"),
        Guid.Parse("33333333-3333-3333-3333-333333333333"), "", "password", 1, SHA256.HashData("binding"u8));

    private readonly FakeTimeProvider _time = new();
    private readonly VaultKeyRing _ring = NewRing();
    private readonly SecretSealer _sealer;

    public SecretSealerTests() => _sealer = new SecretSealer(_ring, _time);

    public static TheoryData<string> OtherPlaces => ["kind", "record", "credential", "principal", "user", "name", "version", "binding"];

    [Fact]
    public void Open_WhereItBelongs_GivesTheValue()
    {
        var record = _sealer.Seal(Place, Canary);
        Assert.Equal(Canary, _sealer.Open(Place, record).Value!.RevealUtf8());
        Assert.Equal(Canary, new SecretSealer(_ring, _time).Open(Place, record).Value!.RevealUtf8());
    }

    [Fact]
    public void Seal_LaysTheRecordOut_AsDesigned()
    {
        var record = _sealer.Seal(Place, Canary);
        Assert.Equal([(byte)'C', (byte)'V', 1, 1], record[..4]);
        Assert.Equal(_ring.ActiveId, new Guid(record.AsSpan(4, 16), bigEndian: true));
        Assert.Equal(64u, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(record.AsSpan(92)));
        Assert.Equal(96 + 64 + 16, record.Length);
        Assert.Equal(-1, record.AsSpan().IndexOf(Canary));
        Assert.Equal(96 + 128 + 16, _sealer.Seal(Place, new byte[61]).Length);
        Assert.Equal(96 + 64 + 16, _sealer.Seal(Place, new byte[60]).Length);
    }

    [Theory]
    [MemberData(nameof(OtherPlaces))]
    public void Open_Elsewhere_IsRefused(string what)
    {
        var other = what switch
        {
            "kind" => Place with { Kind = "token" },
            "record" => Place with { RecordId = Guid.NewGuid() },
            "credential" => Place with { ExternalCredentialId = Guid.NewGuid() },
            "principal" => Place with { PrincipalId = Guid.NewGuid() },
            "user" => Place with { User = "u" },
            "name" => Place with { Name = "username" },
            "version" => Place with { Version = 2 },
            _ => Place with { Binding = SHA256.HashData("other"u8) },
        };
        var record = _sealer.Seal(Place, Canary);
        Assert.True(_sealer.Open(Place, record).IsOk);
        Assert.Equal(ErrorCodes.Internal, _sealer.Open(other, record).Error?.Code);
    }

    [Fact]
    public void Open_WithAnyBitFlipped_IsRefused()
    {
        var record = _sealer.Seal(Place, Canary);
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var flipped = record.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_sealer.Open(Place, flipped).IsOk, $"Bit {bit} may be flipped.");
        }
    }

    [Fact]
    public void Open_OfAnyOtherLength_OrOfPlaintext_IsRefused()
    {
        var record = _sealer.Seal(Place, Canary);
        for (var length = 0; length < record.Length; length++)
        {
            Assert.False(_sealer.Open(Place, record.AsSpan(0, length)).IsOk);
        }

        Assert.False(_sealer.Open(Place, [.. record, 0]).IsOk);
        Assert.False(_sealer.Open(Place, Canary).IsOk);
    }

    [Fact]
    public void Open_WithSwappedWraps_IsRefused()
    {
        var one = _sealer.Seal(Place, Canary);
        var two = _sealer.Seal(Place, Canary);
        var mixed = one.ToArray();
        two.AsSpan(SealedRecord.WrapNonceOffset, SealedRecord.DataNonceOffset - SealedRecord.WrapNonceOffset).CopyTo(mixed.AsSpan(SealedRecord.WrapNonceOffset));
        Assert.False(_sealer.Open(Place, mixed).IsOk);
    }

    [Fact]
    public void Open_UnderAnotherRing_IsRefused() => Assert.False(new SecretSealer(NewRing(), _time).Open(Place, _sealer.Seal(Place, Canary)).IsOk);

    [Fact]
    public void Rewrap_MovesTheWrapAlone_AndOldAndNewOpen()
    {
        var first = _ring.Create(VaultKeyRing.DataPurpose);
        var integrity = _ring.Create(VaultKeyRing.IntegrityPurpose);
        _ring.Load([first, integrity]);
        var record = _sealer.Seal(Place, Canary);
        var held = new SealedValue(Place, record);
        Assert.True(_sealer.Open(held).IsOk && _sealer.IsUnderActiveKey(record));

        var second = _ring.Create(VaultKeyRing.DataPurpose);
        _ring.Load([first with { IsActive = false }, second, integrity]);
        Assert.False(_sealer.IsUnderActiveKey(record));
        var moved = _sealer.Rewrap(Place with { Binding = Array.Empty<byte>() }, record)!;
        Assert.True(_sealer.IsUnderActiveKey(moved));
        Assert.Equal(second.Id, new Guid(moved.AsSpan(SealedRecord.KeyIdOffset, 16), bigEndian: true));
        Assert.Equal(record[SealedRecord.DataNonceOffset..], moved[SealedRecord.DataNonceOffset..]);
        Assert.Equal(-1, moved.AsSpan().IndexOf(record.AsSpan(SealedRecord.WrapNonceOffset, 12)));
        Assert.Equal(Canary, _sealer.Open(Place, moved).Value!.RevealUtf8());
        Assert.Equal(Canary, _sealer.Open(held).Value!.RevealUtf8());
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(Canary, _sealer.Open(held).Value!.RevealUtf8());
        Assert.False(_sealer.Open(Place with { Binding = SHA256.HashData("other"u8) }, moved).IsOk);
    }

    [Fact]
    public void Rewrap_OfWhatBelongsElsewhere_OrIsDamaged_IsRefused()
    {
        var record = _sealer.Seal(Place, Canary);
        Assert.Null(_sealer.Rewrap(Place with { Name = "username" }, record));
        Assert.Null(_sealer.Rewrap(Place, Canary));
        for (var bit = 0; bit < SealedRecord.DataNonceOffset * 8; bit++)
        {
            var flipped = record.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(_sealer.Rewrap(Place, flipped));
            Assert.False(_sealer.CanOpen(Place, flipped));
        }

        Assert.True(_sealer.CanOpen(Place, record));
        Assert.False(_sealer.CanOpen(Place, []));
    }

    [Fact]
    public void Open_OfAnything_NeverThrows() =>
        Gen.Byte.Array[0, 400].Sample(bytes => !_sealer.Open(Place, bytes).IsOk && !_sealer.Open(Place, [.. "CV"u8, 1, 1, .. bytes]).IsOk);

    [Fact]
    public void Seal_OfTheSame_IsNeverTheSame()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 2000; i++)
        {
            var record = _sealer.Seal(Place, Canary);
            Assert.True(seen.Add(Convert.ToHexString(record.AsSpan(SealedRecord.WrapNonceOffset, 12))));
            Assert.True(seen.Add(Convert.ToHexString(record.AsSpan(SealedRecord.DataNonceOffset, 12))));
            Assert.True(seen.Add(Convert.ToHexString(record.AsSpan(SealedRecord.WrappedKeyOffset, 32))));
        }
    }

    [Fact]
    public void Open_ByManyThreads_AlwaysSucceeds()
    {
        var records = Enumerable.Range(0, 50).Select(i => (Place: Place with { Version = i }, Record: _sealer.Seal(Place with { Version = i }, Canary))).ToArray();
        Parallel.For(0, 20_000, i =>
        {
            var (place, record) = records[i % records.Length];
            Assert.True(_sealer.Open(place, record).IsOk);
        });
    }

    [Fact]
    public void DataKeyCache_ForgetsAfterFifteenMinutes_AndStaysBounded()
    {
        using var cache = new DataKeyCache(_time, 3);
        var key = new byte[32];
        for (var i = 1; i <= 4; i++)
        {
            cache.Add((UInt128)i, new DataKey(key, 0));
        }

        Assert.Null(cache.Find(1));
        var found = cache.Find(4);
        Assert.NotNull(found);
        Assert.True(cache.IsUsable(found));
        _time.Advance(TimeSpan.FromMinutes(15));

        // Zeroed though nobody asked again, whoever still holds it.
        Assert.True(found.IsGone);
        Assert.False(found.TryDecrypt(new byte[12], [], new byte[16], [], []));
        Assert.False(cache.IsUsable(found));
        Assert.Null(cache.Find(4));
    }

    [Fact]
    public void SealedValue_OpenedByManyThreads_AlwaysSucceeds_AlsoWhileKeysGo()
    {
        var value = new SealedValue(Place, _sealer.Seal(Place, Canary));
        Parallel.For(0, 20_000, i =>
        {
            if (i % 100 == 0)
            {
                _time.Advance(TimeSpan.FromMinutes(16));
            }

            Assert.Equal(Canary, _sealer.Open(value).Value!.RevealUtf8());
        });
    }

    [Fact]
    public void SecretText_NeverPrintsItself()
    {
        using var secret = new SecretText("Canary-Secret-Value-1");
        Assert.Equal("***", secret.ToString());
        Assert.Equal("***", $"{secret}");
        Assert.DoesNotContain("Canary", System.Text.Json.JsonSerializer.Serialize(secret), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_AreFrozen()
    {
        var labels = typeof(CryptographicLabels).GetFields().Select(field => $"{field.Name}={field.GetRawConstantValue()}");
        Assert.Equal(
            [
                "Application=vault", "RingKey=cv.ring.v1", "CheckValue=cv.kcv.v1", "VaultKeyPurpose=vault.key.v1", "DataKey=cv.dek.v1", "SealedValue=cv.sec.v1",
                "Canary=cv.canary.v1", "ExternalCredentialRow=cv.mac.external-credential.v1", "NamedCredentialRow=cv.mac.named-credential.v1", "AppRow=cv.mac.app.v1",
                "GrantRow=cv.mac.grant.v1", "KeyRow=cv.mac.key.v1", "KeyHash=cv.key-hash.v1",
                "AuditBeginning=cv.audit.beginning.v1", "AuditRecord=cv.audit.record.v1", "AuditMac=cv.audit.mac.v1", "AuditCheckpoint=cv.audit.checkpoint.v2", "AuditMark=cv.audit.mark.v1", "AuditSpool=cv.audit.spool.v1", "AuditSpoolMark=cv.audit.spool-mark.v1", "AuditSigningKey=cv.audit.signing-key.v1",
                "VaultId=cv.vault-id.v1", "PendingRecord=cv.mac.pending-record.v1", "ReferencedValue=cv.mac.referenced-value.v1", "BackupKey=cv.backup.v1", "BackupPiece=cv.backup.piece.v1", "WrappedMasterKey=cv.wrapped-master-key.v1",
                "ForwardProxyAuthority=forward-proxy-authority",
            ],
            labels);
    }

    [Fact]
    public void Ring_TakesOnlyTheNewestKeyAsTheActiveOne_WhateverTheRowsSay()
    {
        var ring = NewRing();
        var (first, integrity) = (ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose));
        ring.Load([first, integrity]);
        var second = ring.Create(VaultKeyRing.DataPurpose);
        var twin = ring.Create(VaultKeyRing.DataPurpose);
        var old = first with { IsActive = false };
        ring.Load([second, old, integrity]);
        Assert.Equal(second.Id, ring.ActiveId);

        // Rows that were read before a rotation don't take it back.
        ring.Load([first, integrity]);
        Assert.Equal(second.Id, ring.ActiveId);
        StoredVaultKey[][] refused =
        [
            [first, second with { IsActive = false }, integrity],
            [first, second, integrity],
            [old, second with { IsActive = false }, integrity],
            [old, second, twin, integrity],
            [old, second with { Canary = first.Canary }, integrity],
            [old, second, integrity, ring.Create(VaultKeyRing.IntegrityPurpose)],
            [old with { Purpose = VaultKeyRing.IntegrityPurpose }, second, integrity],
        ];
        foreach (var rows in refused)
        {
            Assert.Throws<VaultStartException>(() => ring.Load(rows));
            Assert.Equal(second.Id, ring.ActiveId);
        }
    }

    [Fact]
    public void Ring_OfBeforeKeysHadGenerations_IsTheFirst()
    {
        var protection = new TestProtection();
        var ring = new VaultKeyRing(protection);
        var (made, integrity) = (ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose));
        var key = protection.CreateProtector(CryptographicLabels.VaultKeyPurpose, made.Purpose, made.Id.ToString("N")).Unprotect(made.Protected);
        var text = Encoding.ASCII.GetBytes("canary " + made.Id.ToString("N"));
        var canary = new byte[12 + text.Length + 16];
        using (var aes = new AesGcm(key, 16))
        {
            aes.Encrypt(canary.AsSpan(0, 12), text, canary.AsSpan(12, text.Length), canary.AsSpan(12 + text.Length), Encoding.UTF8.GetBytes(CryptographicLabels.Canary));
        }

        var old = made with { Canary = canary };
        ring.Load([old, integrity]);
        var next = ring.Create(VaultKeyRing.DataPurpose);
        ring.Load([old with { IsActive = false }, next, integrity]);
        Assert.Equal(next.Id, ring.ActiveId);
        Assert.Throws<VaultStartException>(() => new VaultKeyRing(protection).Load([old, next with { IsActive = false }, integrity]));
    }

    [Fact]
    public async Task KeysOfOtherProcesses_AreLearntAhead_SoThatOpeningReadsNothing()
    {
        var protection = new TestProtection();
        var (ours, theirs) = (new VaultKeyRing(protection), new VaultKeyRing(protection));
        var (first, integrity) = (ours.Create(VaultKeyRing.DataPurpose), ours.Create(VaultKeyRing.IntegrityPurpose));
        ours.Load([first, integrity]);
        theirs.Load([first, integrity]);
        StoredVaultKey[] stored = [first with { IsActive = false }, theirs.Create(VaultKeyRing.DataPurpose), integrity];
        theirs.Load(stored);
        var record = new SecretSealer(theirs, _time).Seal(Place, Canary);
        var lost = _sealer.Seal(Place, Canary);
        var reads = 0;
        ours.Reread = () =>
        {
            reads++;
            Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            return stored;
        };
        var sealer = new SecretSealer(ours, _time);
        await sealer.LearnKeysAsync([record, lost, [1, 2, 3]]);
        Assert.Equal(2, reads);
        Assert.Equal(Canary, sealer.Open(Place, record).Value!.RevealUtf8());
        Assert.False(sealer.Open(Place, lost).IsOk);

        // Not even after another key came into use.
        ours.Load(stored);
        await sealer.LearnKeysAsync([record, lost]);
        Assert.False(sealer.Open(Place, lost).IsOk);
        Assert.Equal(2, reads);
    }

    private static VaultKeyRing NewRing()
    {
        var ring = new VaultKeyRing(new TestProtection());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        return ring;
    }

    /// <summary>Data Protection without a ring: what it protects is only ever unprotected here.</summary>
    private sealed class TestProtection : IDataProtectionProvider
    {
        private readonly EphemeralDataProtectionProvider _inner = new();

        public IDataProtector CreateProtector(string purpose) => new Persisted(_inner.CreateProtector(purpose));

        private sealed class Persisted(IDataProtector inner) : IPersistedDataProtector
        {
            public IDataProtector CreateProtector(string purpose) => new Persisted(inner.CreateProtector(purpose));

            public byte[] Protect(byte[] plaintext) => inner.Protect(plaintext);

            public byte[] Unprotect(byte[] protectedData) => inner.Unprotect(protectedData);

            public byte[] DangerousUnprotect(byte[] protectedData, bool ignoreRevocationErrors, out bool requiresMigration, out bool wasRevoked)
            {
                requiresMigration = false;
                wasRevoked = false;
                return inner.Unprotect(protectedData);
            }
        }
    }
}
