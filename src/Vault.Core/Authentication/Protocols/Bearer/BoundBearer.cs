using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Bearer;

/// <summary>Puts <c>Authorization: Bearer …</c> on a request.</summary>
internal sealed class BoundBearer : BoundProtocol
{
    private static readonly MergeReference Token = Parameter("Token");

    /// <inheritdoc />
    public override IReadOnlyList<string> ProtocolParameters { get; } = ["Token"];

    /// <inheritdoc />
    public override string AuthorizationMethod => "Bearer";

    /// <inheritdoc />
    public override MergeReference? OAuthToken => Token;

    /// <inheritdoc />
    public override ComposedValue AuthorizationHeaderValue { get; } = ComposedValue.Of(Token);

    /// <inheritdoc />
    public override bool IsFixed => true;

    /// <inheritdoc />
    public override Result<RequestInjection> Apply(IMergeScope scope)
    {
        var token = scope.Resolve(Token);
        return token.IsOk
            ? new RequestInjection([new InjectedValue("Authorization", "Bearer " + token.Value.Text, IsSecret: true)], [], [])
            : token.Error;
    }
}
