namespace Vault.Core.Access.Issuers;

/// <summary>Why a token isn't taken; for the log, so that whoever set an issuer up finds the mistake. Callers aren't told.</summary>
internal enum TokenRefusal
{
    /// <summary>It is no JWT, too long, or its JSON isn't well-formed.</summary>
    Malformed,

    /// <summary><c>crit</c> or another extension.</summary>
    Extension,

    /// <summary>Its <c>typ</c> is that of another kind of token.</summary>
    Type,

    /// <summary>No issuer of that name.</summary>
    Issuer,

    /// <summary>The issuer isn't allowed that algorithm.</summary>
    Algorithm,

    /// <summary>The issuer has no such key, or its keys can't be had.</summary>
    Key,

    /// <summary>The signature is wrong.</summary>
    Signature,

    /// <summary>It is for somebody else.</summary>
    Audience,

    /// <summary>It has ended, isn't valid yet, comes from the future, or has no end.</summary>
    Time,

    /// <summary>It doesn't say who it is.</summary>
    Subject,

    /// <summary>No mapping applies to it.</summary>
    Mapping,

    /// <summary>The app that it stands for doesn't exist.</summary>
    App,
}
