using System.Globalization;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>The parameters of a credential. Those that nobody takes are reported.</summary>
internal sealed class CredentialParameters
{
    // Written by Salesforce itself; they say who made a thing, not how it works.
    private static readonly string[] Meaningless =
        ["CreatedByNamespace", "ManagedByNamespace", "ManagedByComponent", "ManagedByFeature", "ConnectionStatus", "StandardNamedCredentialType", "StandardExternalIdentityProvider"];

    private static readonly string[] References = ["certificate", "authProvider", "externalAuthIdentityProvider", "externalCredential", "outboundNetworkConnection"];

    private readonly string _file;
    private readonly ImportReport _report;
    private readonly List<CredentialParameter> _parameters = [];
    private readonly HashSet<CredentialParameter> _taken = new(ReferenceEqualityComparer.Instance);

    /// <summary>Reads them.</summary>
    /// <param name="file">As it is shown.</param>
    /// <param name="root">The credential.</param>
    /// <param name="element">What they are called.</param>
    /// <param name="report">Where problems go.</param>
    public CredentialParameters(string file, MetadataElement root, string element, ImportReport report)
    {
        _file = file;
        _report = report;
        foreach (var item in root.TakeAll(element))
        {
            var description = item.Take("description");
            var type = item.TakeText("parameterType");
            if (type is null)
            {
                report.Add(file, item, Outcome.NotImported, "It has no <parameterType>, so that nobody can say what it means.");
                continue;
            }

            if (Meaningless.Contains(type, StringComparer.Ordinal))
            {
                report.Add(file, item, Outcome.Note, $"{type} is Salesforce's own bookkeeping, and has no meaning here.");
                continue;
            }

            if (description is not null)
            {
                report.Add(file, description, Outcome.Note, $"Parameters have no description here: that of {Shown.Of(item.TakeText("parameterName") ?? type)} did not come over.");
            }

            string? reference = null;
            foreach (var kind in References)
            {
                reference = item.TakeText(kind) ?? reference;
            }

            var sequence = item.TakeText("sequenceNumber");
            var group = item.TakeText("parameterGroup");
            _parameters.Add(new CredentialParameter(
                item,
                type,
                item.TakeText("parameterName") ?? type,
                item.TakeText("parameterValue"),
                group is null or "DefaultGroup" or "DEFAULT_GROUP" ? null : group,
                int.TryParse(sequence, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
                reference));
        }
    }

    /// <summary>Those of a type, lowest sequence first.</summary>
    public IReadOnlyList<CredentialParameter> TakeAll(string type)
    {
        CredentialParameter[] found = [.. _parameters.Where(parameter => parameter.Type == type).OrderBy(parameter => parameter.Sequence ?? int.MaxValue)];
        _taken.UnionWith(found);
        return found;
    }

    /// <summary>The first of a type, or null; further ones are reported.</summary>
    public CredentialParameter? Take(string type)
    {
        var found = TakeAll(type);
        foreach (var further in found.Skip(1))
        {
            _report.Add(_file, further, Outcome.NotImported, $"There is another {Shown.Of(type)} before it, and only one can count.");
        }

        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>The first of a type with this name, or null.</summary>
    public CredentialParameter? Take(string type, params ReadOnlySpan<string> names)
    {
        foreach (var parameter in _parameters.Where(parameter => parameter.Type == type))
        {
            foreach (var name in names)
            {
                if (parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && _taken.Add(parameter))
                {
                    return parameter;
                }
            }
        }

        return null;
    }

    /// <summary>Reports what nobody took, and what stands in those that were taken and isn't known.</summary>
    /// <param name="isRefused">Whether the credential did not come over, and so neither did they.</param>
    public void Complete(bool isRefused = false)
    {
        foreach (var parameter in _parameters)
        {
            if (!_taken.Contains(parameter))
            {
                _report.Add(_file, parameter, Outcome.NotImported, isRefused ? "It did not come over either." : "It has no equivalent here.");
            }

            _report.Complete(_file, parameter.Element);
        }
    }
}
