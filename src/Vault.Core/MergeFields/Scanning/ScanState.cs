namespace Vault.Core.MergeFields.Scanning;

/// <summary>Where the scanner stands. From <see cref="Lead"/> on, a JSON body's escapes are read as what they stand for.</summary>
internal enum ScanState
{
    /// <summary>In plain text.</summary>
    Text,

    /// <summary>The bracket of an opener, maybe still within an escape, is due.</summary>
    Bracket,

    /// <summary>The exclamation mark is due.</summary>
    Bang,

    /// <summary>Spaces, or the first character of a reference or a function, are due.</summary>
    Lead,

    /// <summary>In what may be a function's name.</summary>
    Name,

    /// <summary>After a function's name and spaces.</summary>
    Parenthesis,

    /// <summary>In a field.</summary>
    Open,
}
