namespace Vault.Core.MergeFields;

/// <summary>The charsets in which a body may be.</summary>
internal enum BodyCharset
{
    /// <summary>UTF-8, also where none is named.</summary>
    Utf8,

    /// <summary>US-ASCII.</summary>
    Ascii,

    /// <summary>ISO-8859-1.</summary>
    Latin1,
}
