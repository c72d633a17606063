using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>What is wrong with a parameter's value or reference; never what stands there.</summary>
/// <param name="Message">In a sentence.</param>
/// <param name="Property">The property of the reference that is wrong; null: the whole.</param>
public sealed record ReferenceProblem(string Message, string? Property = null)
{
    /// <summary>Its JSON path, where the parameter stands at this one.</summary>
    public string PlaceIn(string path) => Property is null ? path : JsonPlace.Below(path, Property);
}
