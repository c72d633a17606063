using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary>
/// A function of the merge language. Arguments arrive converted to what <see cref="Parameters"/> say; whether the result
/// is secret follows from the arguments and is none of the function's business.
/// </summary>
internal abstract class MergeFunction
{
    /// <summary>The name in upper case; templates may write it in any case.</summary>
    public abstract string Name { get; }

    /// <summary>What it takes, in order.</summary>
    public abstract IReadOnlyList<MergeParameter> Parameters { get; }

    /// <summary>Whether the result is a blob.</summary>
    public virtual bool ReturnsBlob => false;

    /// <summary>Whether it uses a private key, so that there may be only so many.</summary>
    public virtual bool Signs => false;

    /// <summary>What it costs whatever it is given, in characters of <see cref="MergeWork"/>.</summary>
    public long Work => Signs ? 960 * 1024 : 0;

    /// <summary>Whether the outermost call turns escaping off, or is itself the escaping due at this place.</summary>
    public virtual bool Replaces(MergeEscaping escaping) => false;

    /// <summary>What is wrong with an argument that is a literal, or null; so that it is found before anything is resolved.</summary>
    public virtual string? CheckLiteral(int index, string literal) => null;

    /// <summary>Computes; an error is <c>merge-field-invalid</c> and holds nothing of the arguments.</summary>
    /// <param name="arguments">As many as there are parameters, each text or blob as declared.</param>
    /// <param name="escaping">Where the field lands.</param>
    public abstract Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping);
}
