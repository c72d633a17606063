using System.Buffers;
using System.Collections.Frozen;
using Vault.Core.Administration.Changes;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;

namespace Vault.Core.Administration.Definitions;

/// <summary>Which custom headers there may be.</summary>
internal static class CustomHeaderRules
{
    private const int MaxCount = 100;
    private const int MaxValue = 16 * 1024;

    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Headers that frame a message or belong to one connection.</summary>
    private static readonly FrozenSet<string> Reserved = new[]
    {
        "Connection", "Content-Length", "Expect", "Host", "HTTP2-Settings", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE",
        "Trailer", "Transfer-Encoding", "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

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

            if (contract.Name is not { Length: > 0 and <= 256 } name || name.AsSpan().ContainsAnyExcept(Token))
            {
                errors.Add(path + ".name", "Must be an HTTP header name.");
            }
            else if (Reserved.Contains(name))
            {
                errors.Add(path + ".name", "This header can't be set.");
            }

            errors.CheckLength(path + ".value", contract.Value, MaxValue);
            if (contract.Value is not { } value)
            {
                errors.Add(path + ".value", "Is required.");
                continue;
            }

            if (value.Any(c => char.IsControl(c) && c != '\t'))
            {
                errors.Add(path + ".value", "Must hold no control character.");
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
