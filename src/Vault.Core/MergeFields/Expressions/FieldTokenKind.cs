namespace Vault.Core.MergeFields.Expressions;

/// <summary>What a token is.</summary>
internal enum FieldTokenKind
{
    /// <summary>The field ends.</summary>
    End,

    /// <summary><c>$</c> and what follows of letters, digits, underscores and dots.</summary>
    Reference,

    /// <summary>A word.</summary>
    Word,

    /// <summary>A string, unescaped.</summary>
    Text,

    /// <summary><c>&amp;</c></summary>
    Ampersand,

    /// <summary><c>(</c></summary>
    Open,

    /// <summary><c>)</c></summary>
    Close,

    /// <summary><c>,</c></summary>
    Comma,

    /// <summary>Nothing of the language; the text is the problem.</summary>
    Invalid,
}
