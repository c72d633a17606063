namespace Vault.Core.Storage.Backups;

/// <summary>A backup is damaged, or is none; the message says so in one sentence.</summary>
public sealed class BackupDamagedException(string message, Exception? innerException = null) : Exception(message, innerException);
