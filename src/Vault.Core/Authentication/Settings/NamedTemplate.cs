using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Settings;

/// <summary>A property whose name is free, with its template and where it stands.</summary>
internal sealed record NamedTemplate(string Name, MergeTemplate Template, string Path);
