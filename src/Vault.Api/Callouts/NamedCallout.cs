using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Callouts;

/// <summary><c>/callout/{name}/{path}</c>: the request names the named credential.</summary>
internal sealed class NamedCallout : ICalloutSource
{
    /// <summary>The only instance.</summary>
    public static NamedCallout Instance { get; } = new();

    private NamedCallout()
    {
    }

    public string? Host => null;

    public CallerKeys.FoundKey KeyOf(HttpContext context) => CallerKeys.OfCallout(context.Request.Headers);

    public Result<CalloutTarget> Read(HttpContext context, string rawTarget) => CalloutTarget.Parse(rawTarget);

    public ValueTask<Result<CalloutTarget>> FindAsync(CalloutTarget target, Caller caller, CancellationToken cancellationToken) => ValueTask.FromResult<Result<CalloutTarget>>(target);

    public VaultError Refusal(VaultError error) => error;
}
