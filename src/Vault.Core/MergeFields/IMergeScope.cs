using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>
/// What references mean at one place of one request. Resolving goes in three steps, so that every mistake is found before
/// anything is fetched, and everything is fetched before anything is sent: <see cref="Check"/>, <see cref="PrepareAsync"/>,
/// <see cref="Resolve"/>.
/// </summary>
public interface IMergeScope
{
    /// <summary>
    /// Whether the reference is known and allowed here; decided without secrets or I/O. Null, or an error of code
    /// <c>merge-field-invalid</c> whose detail the language completes with line and column.
    /// </summary>
    VaultError? Check(MergeReference reference);

    /// <summary>Fetches what the reference needs (a token), once; null or the failure.</summary>
    ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken);

    /// <summary>The value of a reference that was checked and prepared.</summary>
    Result<MergeValue> Resolve(MergeReference reference);

    /// <summary>What a reference names, as whoever set it up spells it, to be shown; as it is written where nobody did.</summary>
    string NameOf(MergeReference reference) => reference.Name;

    /// <summary>What functions may still do, where a stranger wrote the text; null: as much as they like.</summary>
    MergeWork? Work => null;

    /// <summary>Told of each result that was made of a secret, before it is escaped, so that echoes of it can be redacted.</summary>
    void OnSecretProduced(ReadOnlySpan<byte> utf8);

    /// <summary>Told of how such a result stands where it landed, where that differs from itself.</summary>
    /// <param name="utf8">The result.</param>
    /// <param name="escaped">The same as it was escaped.</param>
    void OnSecretEscaped(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> escaped) => OnSecretProduced(escaped);
}
