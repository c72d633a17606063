using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Administration.Secrets;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>Definitions of a vault, as one document. What isn't in it stays as it is.</summary>
/// <param name="ExternalCredentials">How to authenticate to services.</param>
/// <param name="NamedCredentials">Where services are; never with inline <c>authentication</c>.</param>
/// <param name="Apps">Who calls, and what each may call.</param>
public sealed record DefinitionSet(
    IReadOnlyList<ExternalCredentialEntry>? ExternalCredentials = null, IReadOnlyList<NamedCredentialInput>? NamedCredentials = null, IReadOnlyList<AppEntry>? Apps = null);

/// <summary>An external credential of a document, with secrets of its principals where they are to be set.</summary>
/// <param name="Name">Letters, digits and single underscores; unique without regard to case.</param>
/// <param name="Label">For people.</param>
/// <param name="Description">For people.</param>
/// <param name="Authentication">The <c>protocol</c> and its settings.</param>
/// <param name="AllowedHosts">Where the secrets may be sent. Left out: as they are.</param>
/// <param name="Principals">Sets of secrets. Left out: as they are; of a new one, a single one named <c>default</c>.</param>
/// <param name="CustomHeaders">Headers added to every callout.</param>
public sealed record ExternalCredentialEntry(
    [property: Required] string? Name = null, string? Label = null, string? Description = null, [property: Required] JsonElement? Authentication = null, IReadOnlyList<string>? AllowedHosts = null,
    IReadOnlyList<PrincipalEntry>? Principals = null, IReadOnlyList<CustomHeaderContract>? CustomHeaders = null);

/// <summary>A principal of a document.</summary>
/// <param name="Name">Unique within the external credential.</param>
/// <param name="Type"><c>named</c> or <c>perUser</c>. Default <c>named</c>.</param>
/// <param name="Sequence">Of several granted to an app, the lowest is used.</param>
/// <param name="Parameters">Secret values to set, write-only, or references to where a value is kept, which an export gives back. Those that aren't named stay; null removes one.</param>
public sealed record PrincipalEntry([property: Required] string? Name = null, string? Type = null, int? Sequence = null, Dictionary<string, ParameterInput?>? Parameters = null);

/// <summary>An app of a document.</summary>
/// <param name="Name">Letters, digits and single underscores; unique without regard to case.</param>
/// <param name="Label">For people.</param>
/// <param name="MayAssertUser">Whether its callouts may name a user with <c>X-Vault-User</c>. Default false.</param>
/// <param name="Grants">All that it may call: one that is missing is withdrawn. Left out: as they are.</param>
public sealed record AppEntry([property: Required] string? Name = null, string? Label = null, bool MayAssertUser = false, IReadOnlyList<GrantEntry>? Grants = null);

/// <summary>A grant of a document.</summary>
/// <param name="NamedCredential">The named credential.</param>
/// <param name="Principals">Names of principals; <c>["*"]</c> is every one; left out: <c>["default"]</c>.</param>
public sealed record GrantEntry([property: Required] string? NamedCredential = null, IReadOnlyList<string>? Principals = null);

/// <summary>What a document changes.</summary>
/// <param name="Created">So many things are new.</param>
/// <param name="Changed">So many are different.</param>
/// <param name="Deleted">So many are gone: grants that an app's list has no more, and secrets that <c>discardSecrets</c> removed.</param>
/// <param name="Unchanged">So many are as they were.</param>
/// <param name="Undetermined">Only of a comparison: so many sets of secrets are compared when the document is applied, not before.</param>
/// <param name="Changes">All that isn't unchanged, in the order in which it is done.</param>
public sealed record DefinitionSetOutcome(int Created, int Changed, int Deleted, int Unchanged, int Undetermined, IReadOnlyList<DefinitionChange> Changes) : IWrittenTogether
{
    /// <inheritdoc />
    IReadOnlyList<WrittenPart> IWrittenTogether.Parts => Parts;

    /// <inheritdoc />
    string IWrittenTogether.Summary => Created + Changed + Deleted == 0 ? "no changes" : $"{Created} created, {Changed} changed, {Deleted} deleted";

    internal IReadOnlyList<WrittenPart> Parts { get; init; } = [];
}

/// <summary>A thing that a document changes.</summary>
/// <param name="Kind"><c>externalCredential</c>, <c>credential</c> (secret values), <c>namedCredential</c>, <c>app</c> or <c>grant</c>.</param>
/// <param name="Name">Its name; of secret values and grants, both names with a slash.</param>
/// <param name="Action"><c>created</c>, <c>changed</c>, <c>deleted</c> or <c>undetermined</c>.</param>
/// <param name="Differences">Of what is changed: what in it. Of what is new: where it leads (<c>url</c>, <c>externalCredential</c>, <c>allowedHosts</c>). Of secret values only the names, whether new or not; of references what they refer to.</param>
public sealed record DefinitionChange(string Kind, string Name, string Action, IReadOnlyList<DefinitionDifference> Differences);

/// <summary>A difference.</summary>
/// <param name="Path">As in <c>authentication.scope</c>.</param>
/// <param name="Before">What stands there; left out: nothing, or the default.</param>
/// <param name="After">What will; left out: nothing, or the default.</param>
public sealed record DefinitionDifference(string Path, JsonElement? Before = null, JsonElement? After = null);
