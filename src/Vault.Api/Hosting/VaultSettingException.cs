namespace Vault.Api.Hosting;

/// <summary>A setting that the vault can't start with; shown as one sentence that names it.</summary>
internal sealed class VaultSettingException(string setting, string problem) : Exception($"{setting} {problem}");
