using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Vault.Architecture.Tests;

/// <summary>docs/threat-model.md says which test shows what: those tests exist, and no attack of the list is left out.</summary>
public sealed partial class ThreatModelTests
{
    private static readonly (char Letter, int Count)[] Attacks =
        [('A', 28), ('B', 17), ('C', 15), ('D', 18), ('E', 20), ('F', 15), ('G', 22), ('H', 12), ('I', 17), ('J', 16), ('K', 10)];

    private static readonly string Root = RepositoryRoot();

    [Fact]
    public void Every_Test_ThatIsNamed_Exists()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText).ToArray();
        var missing = Rows().SelectMany(row => TestName().Matches(row).Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value))).Distinct()
            .Where(test => !sources.Any(source =>
                Regex.IsMatch(source, $@"\bclass {test.Class}\b") && Regex.IsMatch(source, $@"\[(Fact|Theory)[^\]]*\][^;{{}}]*?\b{test.Method}\(", RegexOptions.Singleline)
                || (Regex.IsMatch(source, $@"\bclass {test.Class}\b") && Regex.IsMatch(source, $@"public (async )?(Task|void) {test.Method}\("))))
            .Select(test => $"{test.Class}.{test.Method}");
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_Row_NamesATest_OrSaysWhyNot() =>
        Assert.DoesNotContain(
            Rows(),
            row => BareClass().IsMatch(row)
                || (!TestName().IsMatch(row) && !row.Contains("Doesn't apply", StringComparison.Ordinal) && !row.Contains("No test", StringComparison.Ordinal)));

    [Fact]
    public void No_Label_StandsTwice()
    {
        var labels = Rows().Select(row => AttackId().Match(row)).Where(match => match.Success).Select(match => match.Value).ToArray();
        Assert.Equal(labels.Distinct(), labels);
    }

    [Fact]
    public void Every_Attack_OfTheList_HasARow()
    {
        // A row may be of several: `B1 to B5`.
        var rows = Rows().Select(row => AttackId().Match(row)).Where(match => match.Success).SelectMany(match =>
        {
            var first = int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
            var last = match.Groups[3].Success ? int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) : first;
            return Enumerable.Range(first, last - first + 1).Select(number => match.Groups[1].Value + number);
        });
        Assert.Empty(Attacks.SelectMany(section => Enumerable.Range(1, section.Count).Select(number => $"{section.Letter}{number}")).Except(rows));
    }

    // Of every table, without what stands above its line of dashes.
    private static IEnumerable<string> Rows()
    {
        var lines = File.ReadAllLines(Path.Combine(Root, "docs", "threat-model.md"));
        return lines.Where((line, at) => line.StartsWith("| ", StringComparison.Ordinal) && !IsRule(line) && !(at + 1 < lines.Length && IsRule(lines[at + 1])));

        static bool IsRule(string line) => line.StartsWith("| ---", StringComparison.Ordinal);
    }

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Vault.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The tests don't run below the repository.");
        }

        return directory.FullName;
    }

    [GeneratedRegex(@"^\| ([A-K])(\d+)(?: to \1(\d+))?\b")]
    private static partial Regex AttackId();

    [GeneratedRegex(@"`\w+Tests`")]
    private static partial Regex BareClass();

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
