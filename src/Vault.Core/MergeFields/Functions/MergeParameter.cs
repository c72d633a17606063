namespace Vault.Core.MergeFields.Functions;

/// <summary>A parameter of a function.</summary>
/// <param name="Name">For messages.</param>
/// <param name="IsBlob">Whether bytes are due; text is then taken as its UTF-8.</param>
/// <param name="IsKey">Whether references in it are used as a key only, never to be seen in the result.</param>
internal sealed record MergeParameter(string Name, bool IsBlob = false, bool IsKey = false);
