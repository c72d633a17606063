using System.Text;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Password;

/// <summary>Puts <c>Authorization: Basic …</c> on a request.</summary>
internal sealed class BoundPassword : BoundProtocol
{
    private const string Username = "Username";
    private const string Password = "Password";

    /// <inheritdoc />
    public override IReadOnlyList<string> ProtocolParameters { get; } = [Username, Password];

    /// <inheritdoc />
    public override string AuthorizationMethod => "Basic";

    /// <inheritdoc />
    public override ComposedValue AuthorizationHeaderValue { get; } = new([Parameter(Username), Parameter(Password)], Encode);

    /// <inheritdoc />
    public override bool IsFixed => true;

    /// <inheritdoc />
    public override Result<RequestInjection> Apply(IMergeScope scope)
    {
        var username = scope.Resolve(Parameter(Username));
        if (!username.IsOk)
        {
            return username.Error;
        }

        var password = scope.Resolve(Parameter(Password));
        if (!password.IsOk)
        {
            return password.Error;
        }

        var value = Encode([username.Value.Text ?? "", password.Value.Text ?? ""]);
        scope.OnSecretProduced(Encoding.UTF8.GetBytes(value));
        return new RequestInjection([new InjectedValue("Authorization", "Basic " + value, IsSecret: true)], [], []);
    }

    private static string Encode(IReadOnlyList<string> parts) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(parts[0] + ":" + parts[1]));
}
