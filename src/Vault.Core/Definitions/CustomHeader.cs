using Vault.Core.MergeFields;

namespace Vault.Core.Definitions;

/// <summary>A header that the vault adds to a callout.</summary>
/// <param name="Name">An HTTP token.</param>
/// <param name="Value">A template.</param>
/// <param name="Sequence">Lower is sent first.</param>
public sealed record CustomHeader(string Name, MergeTemplate Value, int Sequence);
