namespace Vault.Core.Secrets;

/// <summary>The vault can't start; the message is one sentence that says what to do and holds no secret.</summary>
public sealed class VaultStartException(string message, Exception? innerException = null) : Exception(message, innerException);
