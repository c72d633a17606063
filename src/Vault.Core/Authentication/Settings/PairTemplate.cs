using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Settings;

/// <summary>A pair of a form or a query, of which the name is a template too, and where it stands.</summary>
internal sealed record PairTemplate(MergeTemplate Name, MergeTemplate Value, string Path)
{
    /// <summary>The pair with its <c>=</c>, as it goes into the form or the query.</summary>
    public Result<string> Resolve(IMergeScope scope, MergeEscaping escaping)
    {
        var name = Name.Resolve(scope, escaping, escapeLiterals: true);
        var value = Value.Resolve(scope, escaping, escapeLiterals: true);
        return (name.Error ?? value.Error) is { } error ? error : name.Value.Text + "=" + value.Value.Text;
    }
}
