namespace Vault.Fuzz;

/// <summary>A parser of a stranger's bytes, with what must hold whatever they are.</summary>
internal interface IFuzzedParser
{
    /// <summary>On the command line, and the folder of its corpus.</summary>
    string Name { get; }

    /// <summary>Texts that mean something to the parser, which mutation would take long to find.</summary>
    IReadOnlyList<string> Words { get; }

    /// <summary>Parses. Any exception is a finding; one at a time.</summary>
    void Run(byte[] input);
}
