namespace Vault.Core.Redaction;

/// <summary>
/// How much searching for echoes one callout may cause. Of a secret that is like itself at another place (<c>aaaa…</c>), which merge fields can make as long as they like, every byte
/// of an answer that is like it too may be as many places at once as the secret has bytes.
/// </summary>
public sealed class EchoWork
{
    private const long Least = 64 * 1024 * 1024;
    private const int ForEachByte = 16;
    private const int ForEachOwnValue = 8;

    private int _forEachByte = ForEachByte;
    private long _left = Least;

    /// <summary>So many of the values are the credential's own, parameters and tokens: no caller makes more of them, and each may be begun at many bytes.</summary>
    public void Allow(int ownValues) => _forEachByte += ForEachOwnValue * ownValues;

    /// <summary>Bytes are searched: each adds to what may be spent.</summary>
    internal void Begin(int bytes) => _left += (long)bytes * _forEachByte;

    /// <summary>Spends some of it.</summary>
    /// <exception cref="EchoWorkExceededException">There is no more: nobody knows what is an echo.</exception>
    internal void Spend(int places)
    {
        if ((_left -= places) < 0)
        {
            throw new EchoWorkExceededException();
        }
    }
}

/// <summary>Whether there are echoes in an answer takes more work to find out than a callout may cause.</summary>
public sealed class EchoWorkExceededException : IOException;
