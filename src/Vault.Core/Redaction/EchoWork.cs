namespace Vault.Core.Redaction;

/// <summary>
/// How much searching for echoes one callout may cause. Of a secret that is like itself at another place (<c>aaaa…</c>), which merge fields can make as long as they like, every byte
/// of an answer that is like it too may be as many places at once as the secret has bytes.
/// </summary>
public sealed class EchoWork
{
    // Some 50 ns each. Of what fields made an app may have as much searched as often as it likes: at once it is a fifth of a second.
    private const long LeastOfMade = 4 * 1024 * 1024;
    private const int ForEachByteOfMade = 16;

    private const long LeastOfOwn = 64 * 1024 * 1024;

    // A byte that begins an escape may be any of the characters that thousands of tokens begin with.
    private const int ForEachByteOfOwn = 64;

    private long _own = LeastOfOwn;
    private long _made = LeastOfMade;

    /// <summary>Bytes are searched: each adds to what may be spent.</summary>
    internal void Begin(int bytes)
    {
        _own += (long)bytes * ForEachByteOfOwn;
        _made += (long)bytes * ForEachByteOfMade;
    }

    /// <summary>Spends some of it.</summary>
    /// <param name="own">On the credential's own values, parameters and tokens: no caller makes more of them.</param>
    /// <param name="made">On what merge fields made: what is there for the others is no reason to spend more on these.</param>
    /// <exception cref="EchoWorkExceededException">There is no more: nobody knows what is an echo.</exception>
    internal void Spend(int own, int made)
    {
        _own -= own;
        _made -= made;
        if (_own < 0 || _made < 0)
        {
            throw new EchoWorkExceededException();
        }
    }
}

/// <summary>Whether there are echoes in an answer takes more work to find out than a callout may cause.</summary>
public sealed class EchoWorkExceededException : IOException;
