using System.Security.Cryptography;
using System.Text;
using Vault.Core.Primitives;
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
    /// <exception cref="AuditCutException">None can.</exception>
    public AuditEntry Next(AuditHead head, int segment, AuditEvent audited)
    {
        var sequence = head.Sequence < long.MaxValue ? head.Sequence + 1 : throw AuditCutException.Beyond(head);
        audited = Normal(audited);
        var hash = HashOf(sequence, segment, audited, head.Hash);
        return new AuditEntry(sequence, segment, audited, head.Hash, hash, MacOf(hash));
    }

    /// <summary>What happened, as every database gives it back.</summary>
    public static AuditEvent Normal(AuditEvent audited) =>
        WithoutKeys(Storable(audited.At.Offset != TimeSpan.Zero || audited.At.Ticks % 10 != 0 ? audited with { At = InMicroseconds(audited.At) } : audited));

    // A key that somebody took for a name, or put into a path, would be there for every auditor.
    private static AuditEvent WithoutKeys(AuditEvent audited)
    {
        var (target, path, user, principal) = (VaultKeyForm.Hide(audited.Target), Hidden(audited.Path), Hidden(audited.User), Hidden(audited.Principal));
        return ReferenceEquals(target, audited.Target) && ReferenceEquals(path, audited.Path) && ReferenceEquals(user, audited.User) && ReferenceEquals(principal, audited.Principal)
            ? audited
            : audited with { Target = target, Path = path, User = user, Principal = principal };

        static string? Hidden(string? text) => text is null ? null : VaultKeyForm.Hide(text);
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

    // Not every database keeps a NUL, or half of a surrogate pair; any of these may hold what a stranger sent.
    private static AuditEvent Storable(AuditEvent audited) => IsStorable(audited)
        ? audited
        : audited with
        {
            Id = Storable(audited.Id) ?? "",
            Actor = Storable(audited.Actor) ?? "",
            Action = Storable(audited.Action) ?? "",
            Target = Storable(audited.Target) ?? "",
            Outcome = Storable(audited.Outcome) ?? "",
            Principal = Storable(audited.Principal),
            User = Storable(audited.User),
            Method = Storable(audited.Method),
            Host = Storable(audited.Host),
            Path = Storable(audited.Path),
            RemoteAddress = Storable(audited.RemoteAddress),
            Code = Storable(audited.Code),
            TraceId = Storable(audited.TraceId),
        };

    private static bool IsStorable(AuditEvent audited) =>
        IsStorable(audited.Id) && IsStorable(audited.Actor) && IsStorable(audited.Action) && IsStorable(audited.Target) && IsStorable(audited.Outcome)
        && IsStorable(audited.Principal) && IsStorable(audited.User) && IsStorable(audited.Method) && IsStorable(audited.Host) && IsStorable(audited.Path)
        && IsStorable(audited.RemoteAddress) && IsStorable(audited.Code) && IsStorable(audited.TraceId);

    // Nearly all text is ASCII, and looked at once.
    private static bool IsStorable(string? text) => text is null || !text.AsSpan().ContainsAnyExceptInRange('\x01', '\x7F') || !(text.AsSpan().Contains('\0') || text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'));

    // Whole pairs come back as they were; half of one is replaced.
    private static string? Storable(string? text) => text is null ? null : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    private byte[] MacOf(byte[] hash) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.AuditMac).Add(hash));

    // What isn't there is written as a text that begins with NUL: one that is there and begins so must not pass for it.
    private static string? Text(string? value) => value is ['\0', ..] ? "\0" + value : value;
}
