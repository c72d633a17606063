using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary><c>Authorization: Bearer</c> with whatever <c>$Credential.OAuthToken</c> stands for (RFC 6750).</summary>
internal static class BearerTemplate
{
    /// <summary>The header's value.</summary>
    public static MergeTemplate Instance { get; } = MergeTemplate.Parse("Bearer {!$Credential.OAuthToken}").Value!;

    /// <summary>The header.</summary>
    public static Result<RequestInjection> Apply(IMergeScope scope)
    {
        var value = Instance.Resolve(scope, MergeEscaping.None);
        return value.IsOk
            ? new RequestInjection([new InjectedValue("Authorization", value.Value.Text, IsSecret: true)], [], [])
            : value.Error;
    }
}
