using Vault.Core.Authentication;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>A protocol with a private key among its parameters.</summary>
internal sealed class KeyedAuthentication : BoundProtocol
{
    public override IReadOnlyList<string> ProtocolParameters => ["PrivateKey"];

    public override IReadOnlyList<string> KeyOnlyParameters => ["PrivateKey"];
}
