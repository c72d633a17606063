using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Scopes;

/// <summary>
/// Gives what another scope gives, so that a request that isn't sent can be judged by its very values; nothing is fetched, and what stands for
/// a token that isn't there may stand anywhere. What is made of it is for nobody to see.
/// </summary>
/// <param name="scope">The other scope.</param>
public sealed class JudgedScope(IMergeScope scope) : IMergeScope
{
    // Text, base64 and a legal header value in one.
    private const string AnyToken = "AnyToken";

    /// <inheritdoc />
    public MergeWork? Work => scope.Work;

    /// <inheritdoc />
    public VaultError? Check(MergeReference reference) => scope.Check(reference);

    /// <inheritdoc />
    public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) => ValueTask.FromResult<VaultError?>(null);

    /// <inheritdoc />
    public Result<MergeValue> Resolve(MergeReference reference)
    {
        var value = scope.Resolve(reference);
        return value.IsOk || value.Error.Code != ErrorCodes.MergeFieldInvalid || scope.Check(reference) is not null ? value : MergeValue.OfText(AnyToken, isSecret: true);
    }

    /// <inheritdoc />
    public void OnSecretProduced(ReadOnlySpan<byte> utf8)
    {
        // Nothing is sent, so nothing can be echoed.
    }
}
