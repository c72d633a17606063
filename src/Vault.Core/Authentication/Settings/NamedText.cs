namespace Vault.Core.Authentication.Settings;

/// <summary>A property whose name is free, with its text and where it stands.</summary>
internal sealed record NamedText(string Name, string Text, string Path);
