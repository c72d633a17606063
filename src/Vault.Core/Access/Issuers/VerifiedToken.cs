namespace Vault.Core.Access.Issuers;

/// <summary>What is known of a token whose signature was verified.</summary>
/// <param name="Keys">Its issuer's keys.</param>
/// <param name="Thumbprint">Of the key that signed it: it is good only as long as the issuer has that key.</param>
/// <param name="Until">When it ends, the clock's skew included.</param>
/// <param name="Mapped">What it stands for.</param>
/// <param name="Identity">Issuer and subject, for the audit.</param>
/// <param name="User">The user that it is to per-user principals; null: its subject can't be one.</param>
internal sealed record VerifiedToken(IssuerKeys Keys, string Thumbprint, DateTimeOffset Until, MappedCaller Mapped, string Identity, string? User);
