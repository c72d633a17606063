namespace Vault.Core.MergeFields;

/// <summary>How a field's result is escaped for the place where it lands; contract section 6.</summary>
public enum MergeEscaping
{
    /// <summary>As it is.</summary>
    None,

    /// <summary>As JSON string content.</summary>
    Json,

    /// <summary>As XML text.</summary>
    Xml,

    /// <summary>As HTML text.</summary>
    Html,

    /// <summary>As a value of <c>application/x-www-form-urlencoded</c>.</summary>
    Form,

    /// <summary>RFC 3986 unreserved characters stay, everything else is percent-encoded; for paths and queries of URLs.</summary>
    Percent,
}
