using Vault.Api.Errors;
using Vault.Core.Definitions;

namespace Vault.Api.AdminHttp;

/// <summary>Routes that need all definitions and grants wait for a start to have read them, for some seconds at most.</summary>
internal static class WholeDefinitions
{
    /// <summary>Not before: what isn't read yet would look as if it weren't there.</summary>
    public static RouteGroupBuilder OnceAllIsRead(this RouteGroupBuilder group) => group.AddEndpointFilter(static async (context, next) =>
    {
        var (http, reading) = (context.HttpContext, context.HttpContext.RequestServices.GetRequiredService<IDefinitionReading>());
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        {
            var answer = await reading.OfAllAsync(() => next(context), http.RequestAborted);
            return answer.IsOk ? answer.Value : answer.Error.ToAnswer();
        }

        // Changes see to it themselves that they are judged by all there is.
        return await reading.WholeAsync(http.RequestAborted) is { } notYet ? notYet.ToAnswer() : await next(context);
    });
}
