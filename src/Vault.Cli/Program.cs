using Vault.Cli.Terminals;

namespace Vault.Cli;

/// <summary>The <c>vault</c> command.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => VaultCommandLine.RunAsync(args, Surroundings.OfProcess(), CancellationToken.None);
}
