using Vault.Core.Administration.Changes;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using HeaderRules = Vault.Core.Authentication.Settings.NameRules;

namespace Vault.Core.Administration.Definitions;

/// <summary>Which custom headers there may be.</summary>
internal static class CustomHeaderRules
{
    private const int MaxCount = 100;
    private const int MaxValue = 16 * 1024;

    public static IReadOnlyList<CustomHeader> Read(IReadOnlyList<CustomHeaderContract>? contracts, InputErrors errors)
    {
        var headers = new List<CustomHeader>();
        if (contracts?.Count > MaxCount)
        {
            errors.Add("$.customHeaders", $"Must be at most {MaxCount} headers.");
            return headers;
        }

        for (var index = 0; index < contracts?.Count; index++)
        {
            var path = $"$.customHeaders[{index}]";
            if (contracts[index] is not { } contract)
            {
                errors.Add(path, "Must be an object.");
                continue;
            }

            if (HeaderRules.Header(contract.Name ?? "") is { } mistake)
            {
                errors.Add(path + ".name", mistake);
            }

            errors.CheckLength(path + ".value", contract.Value, MaxValue);
            if (contract.Value is not { } value)
            {
                errors.Add(path + ".value", "Is required.");
                continue;
            }

            if (FieldPlaces.Remove(value).Any(c => char.IsControl(c) && c != '\t'))
            {
                errors.Add(path + ".value", "Must hold no control character.");
            }

            // Of what is written out, since no field begins or ends with a blank; what its fields become is judged with each callout.
            if (value.AsSpan().Trim(" \t").Length != value.Length)
            {
                errors.Add(path + ".value", "Must have no white space at its ends.");
            }

            var template = MergeTemplate.Parse(value);
            if (!template.IsOk)
            {
                errors.Add(path + ".value", template.Error.Detail);
                continue;
            }

            headers.Add(new CustomHeader(contract.Name ?? "", template.Value, contract.Sequence ?? index + 1));
        }

        return [.. headers.OrderBy(header => header.Sequence)];
    }

    public static IReadOnlyList<CustomHeaderContract> ToContracts(IReadOnlyList<CustomHeader> headers) =>
        [.. headers.Select(header => new CustomHeaderContract(header.Name, header.Value.Text, header.Sequence))];
}
