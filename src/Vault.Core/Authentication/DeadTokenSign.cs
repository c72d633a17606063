namespace Vault.Core.Authentication;

/// <summary>An upstream answer that means that the token is dead.</summary>
/// <param name="Status">The status.</param>
/// <param name="BodyContains">A text in the first 64 KiB of the body; null: the status alone.</param>
public sealed record DeadTokenSign(int Status, string? BodyContains);
