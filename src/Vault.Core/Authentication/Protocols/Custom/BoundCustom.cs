using System.Collections.Frozen;

namespace Vault.Core.Authentication.Protocols.Custom;

/// <summary>Puts nothing on a request by itself.</summary>
internal sealed class BoundCustom(FrozenSet<string> notSecret) : BoundProtocol
{
    /// <inheritdoc />
    public override bool IsSecret(string parameter) => base.IsSecret(parameter) && !notSecret.Contains(parameter);
}
