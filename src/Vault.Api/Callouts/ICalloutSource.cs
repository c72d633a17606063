using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.Callouts;

/// <summary>How a request says who calls out and what for; everything after is the same for all.</summary>
internal interface ICalloutSource
{
    /// <summary>The host that was asked for, where the request names one; null: it names a named credential.</summary>
    string? Host { get; }

    /// <summary>The key, and the header that held it.</summary>
    CallerKeys.FoundKey KeyOf(HttpContext context);

    /// <summary>What is asked for, as far as the request itself says; without a name where it names none.</summary>
    Result<CalloutTarget> Read(HttpContext context, string rawTarget);

    /// <summary>The same with its name.</summary>
    ValueTask<Result<CalloutTarget>> FindAsync(CalloutTarget target, Caller caller, CancellationToken cancellationToken);

    /// <summary>The refusal of who has no right key, as this kind of caller understands it.</summary>
    VaultError Refusal(VaultError error);
}
