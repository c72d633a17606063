namespace Vault.Core.MergeFields;

/// <summary>Which family a reference belongs to.</summary>
public enum MergeReferenceKind
{
    /// <summary><c>$Credential.…</c></summary>
    Credential,

    /// <summary><c>$Token.…</c></summary>
    Token,

    /// <summary><c>$Request.…</c></summary>
    Request,

    /// <summary><c>$User.Id</c></summary>
    User,
}

/// <summary>A name that a field refers to, as written in <c>{!$Credential.Username}</c>.</summary>
/// <param name="Kind">The family.</param>
/// <param name="Qualifier">The external credential in <c>$Credential.ServiceLogin.Username</c>, or the first part of <c>$Credential.Endpoint.Url</c>; else null.</param>
/// <param name="Name">The last part.</param>
/// <param name="IsKey">True inside the key argument of <c>HMAC</c> or <c>SIGN</c>, where a caller may name what they may not name elsewhere.</param>
public sealed record MergeReference(MergeReferenceKind Kind, string? Qualifier, string Name, bool IsKey)
{
    /// <summary>As it is written: <c>$Credential.Username</c>.</summary>
    public override string ToString() => Qualifier is null ? $"${Kind}.{Name}" : $"${Kind}.{Qualifier}.{Name}";
}
