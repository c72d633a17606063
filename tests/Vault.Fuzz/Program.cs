using System.Globalization;
using System.Security.Cryptography;
using Vault.Fuzz;
using Vault.Fuzz.Parsers;

// fuzz.sh calls this; the exit code is 0 where nothing was found, 1 where something was, 2 where the call was wrong.
Coverage.Install();
switch (args)
{
    case ["instrument", .. var assemblies]:
        foreach (var assembly in assemblies)
        {
            Coverage.Instrument(assembly);
        }

        return 0;
    case ["list"]:
        Console.WriteLine(string.Join('\n', FuzzedParsers.Names));
        return 0;
    case ["replay", var name, var file] when FuzzedParsers.Find(name) is { } parser:
        var failure = new FuzzRun(parser, 0).Try(File.ReadAllBytes(file));
        Console.WriteLine(failure?.ToString() ?? "no failure");
        return failure is null ? 0 : 1;
    case ["run", var name, var seconds, var findings, .. var rest] when FuzzedParsers.Find(name) is { } parser:
        var seed = rest is [var text] ? ulong.Parse(text, CultureInfo.InvariantCulture) : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        return Run(parser, int.Parse(seconds, CultureInfo.InvariantCulture), findings, seed);
    default:
        Console.Error.WriteLine("usage: Vault.Fuzz list | run PARSER SECONDS FINDINGS [SEED] | replay PARSER FILE | instrument ASSEMBLY…");
        return 2;
}

static int Run(IFuzzedParser parser, int seconds, string findings, ulong seed)
{
    Console.WriteLine($"{parser.Name}: seed {seed}, {seconds} s");
    Directory.CreateDirectory(findings);
    var current = Path.Combine(findings, parser.Name + ".current");
    using (var watch = new Watch(current, parser.Name))
    {
        var start = TimeProvider.System.GetTimestamp();
        var outcome = new FuzzRun(parser, seed) { Begins = watch.Begin }
            .Run(inputs => inputs % 64 != 0 || TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds);
        if (outcome is { Finding: { } finding, Failure: { } failure })
        {
            var path = Path.Combine(findings, FuzzRun.NameOf(parser.Name, finding));
            File.WriteAllBytes(path, finding);
            File.WriteAllText(path + ".txt", $"seed {seed}\n{FuzzRun.Show(finding)}\n\n{failure}\n");
            Console.WriteLine($"{parser.Name}: FOUND after {outcome.Inputs} inputs, in {path}\n  {FuzzRun.Show(finding)}\n  {failure}");
            return 1;
        }

        Console.WriteLine($"{parser.Name}: {outcome.Inputs} inputs, {outcome.Kept} kept, nothing found");
    }

    File.Delete(current);
    return 0;
}
