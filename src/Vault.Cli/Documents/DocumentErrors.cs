using Vault.Cli.Terminals;

namespace Vault.Cli.Documents;

/// <summary>What is wrong with files, a line each, with the place.</summary>
internal sealed class DocumentErrors
{
    private const int Most = 20;

    private readonly List<(Place At, string Message)> _found = [];

    /// <summary>Notes a mistake.</summary>
    public void Add(Place at, string message) => _found.Add((at, SafeText.Of(message)));

    /// <summary>Ends the command where there are any.</summary>
    public void Throw()
    {
        if (_found.Count > 0)
        {
            var lines = _found.OrderBy(error => error.At.File, StringComparer.Ordinal).ThenBy(error => error.At.Line).ThenBy(error => error.At.Column)
                .Select(error => $"{error.At}: {error.Message}").Distinct().ToArray();
            throw CommandFailure.Usage(string.Join(Environment.NewLine, lines.Take(Most)) + (lines.Length > Most ? Environment.NewLine + $"… and {lines.Length - Most} more." : ""));
        }
    }
}
