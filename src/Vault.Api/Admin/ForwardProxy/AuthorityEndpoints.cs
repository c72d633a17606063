using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.ForwardProxy;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.ForwardProxy;

/// <summary><c>/api/v1/forward-proxy</c>: what clients of the forward proxy need.</summary>
internal static class AuthorityEndpoints
{
    private const string Pem = "application/x-pem-file";

    /// <summary>Maps the route.</summary>
    public static void MapForwardProxy(this IEndpointRouteBuilder api) =>
        api.MapGroup("/forward-proxy").WithTags("Forward proxy")
            .MapGet("/ca.pem", Find).OpenToAll().Produces<string>(200, Pem).ProducesProblem(404).ProducesProblem(500);

    /// <summary>The certificate that clients of the forward proxy have to trust.</summary>
    /// <remarks>Needs no key. While an older certificate of the same authority hasn't ended, it is as good.</remarks>
    private static Results<FileContentHttpResult, ProblemAnswer> Find(CertificateAuthority authority) => authority.Pem is { } pem
        ? TypedResults.File(Encoding.ASCII.GetBytes(pem), Pem)
        : new VaultError(ErrorCodes.NotFound, "This vault has no forward proxy (Vault:ForwardProxy:Url).").ToAnswer();
}
