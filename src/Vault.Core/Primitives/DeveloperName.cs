using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Primitives;

/// <summary>
/// The name of a definition, a principal or a parameter: a letter, then letters and digits with single underscores
/// between them, 1 to 80 characters (Salesforce's developer-name rule). Two names that differ only in case are equal.
/// </summary>
public readonly record struct DeveloperName : IParsable<DeveloperName>
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 80;

    /// <summary>The rule in words, for messages.</summary>
    public const string Rule =
        "must begin with a letter and hold only letters, digits and single underscores between them, at most 80 characters";

    private readonly string? _value;

    private DeveloperName(string value) => _value = value;

    /// <summary>The name as it was written.</summary>
    public string Value => _value ?? "";

    /// <summary>The name in the form in which names are compared and indexed: invariant lower case.</summary>
    public string Key => Value.ToLowerInvariant();

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">The text breaks the rule.</exception>
    public static DeveloperName Parse(string s) =>
        TryParse(s, out var name) ? name : throw new FormatException("A name " + Rule + ".");

    static DeveloperName IParsable<DeveloperName>.Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <summary>Reads a name; false where the text breaks the rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out DeveloperName result) => TryParse(s, null, out result);

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out DeveloperName result)
    {
        if (s is { Length: > 0 and <= MaxLength } && IsLegal(s))
        {
            result = new DeveloperName(s);
            return true;
        }

        result = default;
        return false;
    }

    /// <summary>Equal without regard to case.</summary>
    public bool Equals(DeveloperName other) => string.Equals(Value, other.Value, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc />
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Value);

    /// <inheritdoc />
    public override string ToString() => Value;

    private static bool IsLegal(string text)
    {
        if (!char.IsAsciiLetter(text[0]) || text[^1] == '_')
        {
            return false;
        }

        for (var i = 1; i < text.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(text[i]) && (text[i] != '_' || text[i - 1] == '_'))
            {
                return false;
            }
        }

        return true;
    }
}
