namespace Vault.Core.Secrets.Sealing;

/// <summary>What a sealed value is bound to; design section 3.</summary>
internal static class SealingAad
{
    /// <summary>Of the wrapped data key.</summary>
    public static byte[] OfWrap(ReadOnlySpan<byte> record, SealPlace place) =>
        Place(LengthPrefixed.Begin(CryptographicLabels.DataKey).Add(record[..SealedRecord.WrapNonceOffset]), place).ToArray();

    /// <summary>Of the value; without the vault-key id: moving a value to another vault key touches only its wrap.</summary>
    public static byte[] OfData(SealPlace place) =>
        Place(LengthPrefixed.Begin(CryptographicLabels.SealedValue).Add(SealedRecord.Prefix), place).Add(place.Binding.Span).ToArray();

    private static LengthPrefixed Place(LengthPrefixed aad, SealPlace place) => aad
        .Add(place.Kind).Add(place.RecordId).Add(place.ExternalCredentialId).Add(place.PrincipalId)
        .Add(place.User).Add(place.Name).Add(place.Version);
}
