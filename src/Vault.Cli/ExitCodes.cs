namespace Vault.Cli;

/// <summary>How a command ends; docs/cli.md lists them, and scripts rely on them.</summary>
internal static class ExitCodes
{
    /// <summary>It was done.</summary>
    public const int Success = 0;

    /// <summary>The vault refused it, or what was asked for isn't as it should be.</summary>
    public const int Failure = 1;

    /// <summary>The command line, or a file that it names, is wrong; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>There is no vault at that address, or it doesn't answer.</summary>
    public const int Unreachable = 3;

    /// <summary>The vault doesn't take the key, or the key may not do this.</summary>
    public const int NotAllowed = 4;

    /// <summary><c>diff</c> found differences.</summary>
    public const int Differences = 5;

    /// <summary>It was interrupted (Ctrl+C).</summary>
    public const int Interrupted = 130;
}
