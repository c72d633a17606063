using Vault.Fuzz;
using Vault.Fuzz.Parsers;
using Xunit;

namespace Vault.Core.Tests.Fuzzing;

/// <summary>A short, repeatable run of what ./fuzz.sh does for long: the whole corpus, which holds what was ever found, and some mutations.</summary>
public sealed class FuzzTests
{
    private const int Inputs = 1500;

    public static TheoryData<string> Parsers => [.. FuzzedParsers.Names];

    [Theory]
    [MemberData(nameof(Parsers))]
    public void ShortRun_FindsNothing(string parser)
    {
        Assert.NotEmpty(FuzzRun.CorpusOf(parser));
        var outcome = new FuzzRun(FuzzedParsers.Find(parser)!, seed: 1).Run(inputs => inputs < Inputs);
        Assert.True(outcome.Failure is null, $"{parser}: {FuzzRun.Show(outcome.Finding ?? [])}\n{outcome.Failure}");
        Assert.True(outcome.Inputs >= Inputs);
    }

    [Fact]
    public void Run_FindsAFault_AndMakesItSmall()
    {
        var outcome = new FuzzRun(new FaultyParser(), seed: 1).Run(inputs => inputs < 200_000);
        Assert.Equal("{!"u8.ToArray(), outcome.Finding);
        Assert.IsType<FuzzFailure>(outcome.Failure);
    }

    private sealed class FaultyParser : IFuzzedParser
    {
        public string Name => "faulty";

        public IReadOnlyList<string> Words => ["abc{", "!def"];

        public void Run(byte[] input) => FuzzFailure.Unless(input.AsSpan().IndexOf("{!"u8) < 0, "Found.");
    }
}
