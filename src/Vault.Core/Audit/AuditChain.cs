using System.Security.Cryptography;
using Vault.Core.Secrets;

namespace Vault.Core.Audit;

/// <summary>
/// Chains records: <c>hash = SHA-256(label ‖ length-prefixed fields ‖ previous)</c>, and a MAC over the hash, so that whoever
/// writes to the database can't make up a chain of their own.
/// </summary>
public sealed class AuditChain(IntegrityKey key)
{
    /// <summary>What the first record follows.</summary>
    public static AuditHead Beginning { get; } = new(0, 0, LengthPrefixed.Begin(CryptographicLabels.AuditBeginning).Sha256());

    /// <summary>The record that comes after this head.</summary>
    public AuditEntry Next(AuditHead head, int segment, AuditEvent audited)
    {
        // Times are kept in microseconds: every database gives them back as they were.
        if (audited.At.Offset != TimeSpan.Zero || audited.At.Ticks % 10 != 0)
        {
            audited = audited with { At = InMicroseconds(audited.At) };
        }

        audited = WithoutNul(audited);
        var hash = HashOf(head.Sequence + 1, segment, audited, head.Hash);
        return new AuditEntry(head.Sequence + 1, segment, audited, head.Hash, hash, MacOf(hash));
    }

    /// <summary>A time as records keep it.</summary>
    public static DateTimeOffset InMicroseconds(DateTimeOffset time) => new(time.UtcTicks / 10 * 10, TimeSpan.Zero);

    /// <summary>The hash that a record of this content has at this place.</summary>
    public static byte[] HashOf(long sequence, int segment, AuditEvent audited, byte[] previous) =>
        LengthPrefixed.Begin(CryptographicLabels.AuditRecord)
            .Add(sequence).Add(segment).Add(audited.Id).Add(audited.At).Add(audited.Actor).Add(audited.Action).Add(audited.Target).Add(audited.Outcome)
            .Add(Text(audited.Principal)).Add(Text(audited.User)).Add(Text(audited.Method)).Add(Text(audited.Host)).Add(Text(audited.Path))
            .AddText(audited.Status).AddText(audited.DurationMs).AddText(audited.BytesIn).AddText(audited.BytesOut)
            .Add(Text(audited.RemoteAddress)).Add(Text(audited.Code)).Add(Text(audited.TraceId)).Add(previous)
            .Sha256();

    /// <summary>Whether the vault wrote this hash.</summary>
    public bool IsAuthentic(AuditEntry entry) => CryptographicOperations.FixedTimeEquals(entry.Mac, MacOf(entry.Hash));

    /// <summary>Whether the hash is that of this content at this place.</summary>
    public static bool IsOf(AuditEntry entry, long sequence) =>
        HashOf(sequence, entry.Segment, entry.Event, entry.Previous).AsSpan().SequenceEqual(entry.Hash);

    // Not every database keeps a NUL; these may hold what a stranger sent.
    private static AuditEvent WithoutNul(AuditEvent audited) => Has(audited.Path) || Has(audited.Target) || Has(audited.User) || Has(audited.Host)
        ? audited with
        {
            Path = audited.Path?.Replace('\0', '\uFFFD'),
            Target = audited.Target.Replace('\0', '\uFFFD'),
            User = audited.User?.Replace('\0', '\uFFFD'),
            Host = audited.Host?.Replace('\0', '\uFFFD'),
        }
        : audited;

    private static bool Has(string? text) => text?.Contains('\0') is true;

    private byte[] MacOf(byte[] hash) => key.Mac(CryptographicLabels.AuditMac, hash);

    // What isn't there is written as a text that begins with NUL: one that is there and begins so must not pass for it.
    private static string? Text(string? value) => value is ['\0', ..] ? "\0" + value : value;
}
