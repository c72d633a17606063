using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.ApiKey;

/// <summary>Puts the key, after its prefix as written, where the settings say.</summary>
internal sealed class BoundApiKey(ApiKeyPlace place, string parameterName, string prefix) : BoundProtocol
{
    private static readonly MergeReference Key = Parameter("ApiKey");

    /// <inheritdoc />
    public override IReadOnlyList<string> ProtocolParameters { get; } = ["ApiKey"];

    /// <inheritdoc />
    public override bool IsFixed => true;

    /// <inheritdoc />
    public override Result<RequestInjection> Apply(IMergeScope scope)
    {
        var key = scope.Resolve(Key);
        if (!key.IsOk)
        {
            return key.Error;
        }

        var value = new InjectedValue(parameterName, prefix + key.Value.Text, IsSecret: true);
        return place switch
        {
            ApiKeyPlace.Header => new RequestInjection([value], [], []),
            ApiKeyPlace.Query => new RequestInjection([], [value], []),
            ApiKeyPlace.Cookie => new RequestInjection([], [], [value]),
            _ => throw new InvalidOperationException("There are three places."),
        };
    }
}
