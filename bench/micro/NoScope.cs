using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.MicroBench;

/// <summary>For bodies without a field: nothing is ever asked of it.</summary>
internal sealed class NoScope : IMergeScope
{
    public static NoScope Instance { get; } = new();

    public VaultError? Check(MergeReference reference) => throw new InvalidOperationException("The body has a field.");

    public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) => throw new InvalidOperationException("The body has a field.");

    public Result<MergeValue> Resolve(MergeReference reference) => throw new InvalidOperationException("The body has a field.");

    public void OnSecretProduced(ReadOnlySpan<byte> utf8) => throw new InvalidOperationException("The body has a field.");
}
