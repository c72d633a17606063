using BenchmarkDotNet.Running;
using Vault.MicroBench;

if (args is ["throughput", ..])
{
    Throughput.Run(secrets: args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 6);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Throughput).Assembly).Run(args);
}
