using Vault.Core.MergeFields.Functions;

namespace Vault.Core.MergeFields;

/// <summary>
/// How much the functions of a caller's fields may do in one attempt, in headers and body together: a field of a hundred bytes can double what it is
/// given twenty times over, and a body has room for thousands of them. For one thread at a time.
/// </summary>
public sealed class MergeWork
{
    /// <summary>So many characters or bytes may be given to functions (64 Mi), which takes them a fraction of a second.</summary>
    public const long Most = 64 * 1024 * 1024;

    private long _done;

    /// <summary>What was done is done anew: it counts once.</summary>
    internal void Forget() => _done = 0;

    /// <summary>Takes a function on; false: it would be too much.</summary>
    internal bool TryDo(MergeFunction function, long given) => (_done += given + function.Work) <= Most;
}
