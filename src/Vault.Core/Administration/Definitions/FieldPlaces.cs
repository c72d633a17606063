using Vault.Core.MergeFields;

namespace Vault.Core.Administration.Definitions;

/// <summary>Where the fields of a template are.</summary>
internal static class FieldPlaces
{
    /// <summary>The text with a letter in place of each field.</summary>
    public static string Remove(string text)
    {
        var template = MergeTemplate.Parse(text);
        if (!template.IsOk || !template.Value.HasFields)
        {
            return text;
        }

        var output = template.Value.Resolve(Blank.Instance, MergeEscaping.None);
        return output.IsOk ? output.Value.Text : text;
    }

    /// <summary>Every reference stands for a letter.</summary>
    private sealed class Blank : IMergeMask
    {
        public static Blank Instance { get; } = new();

        public Primitives.VaultError? Check(MergeReference reference) => null;

        public ValueTask<Primitives.VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) => default;

        public Primitives.Result<MergeValue> Resolve(MergeReference reference) => MergeValue.OfText("x", isSecret: true);

        public void OnSecretProduced(ReadOnlySpan<byte> utf8)
        {
        }

        public string Mask(IReadOnlyList<MergeReference> references) => "x";
    }
}
