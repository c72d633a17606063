using Vault.Api.Errors;
using Vault.Core.Definitions;

namespace Vault.Api.AdminHttp;

/// <summary>Routes that need all definitions and grants wait for a start to have read them, for some seconds at most.</summary>
internal static class WholeDefinitions
{
    /// <summary>Not before: what isn't read yet would look as if it weren't there.</summary>
    public static RouteGroupBuilder OnceAllIsRead(this RouteGroupBuilder group) => group.AddEndpointFilter(static async (context, next) =>
        await context.HttpContext.RequestServices.GetRequiredService<IDefinitionReading>().WholeAsync(context.HttpContext.RequestAborted) is { } notYet
            ? notYet.ToAnswer()
            : await next(context));
}
