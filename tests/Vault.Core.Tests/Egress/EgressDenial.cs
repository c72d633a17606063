using Vault.Core.Egress;
using Xunit;

namespace Vault.Core.Tests.Egress;

/// <summary>A sending that has to be denied.</summary>
internal static class EgressDenial
{
    /// <summary>The denial, out of what the client wraps it in.</summary>
    public static async Task<EgressDeniedException> AssertAsync(Func<Task> send)
    {
        var thrown = await Assert.ThrowsAnyAsync<HttpRequestException>(send);
        Assert.True(EgressDeniedException.IsCauseOf(thrown), thrown.ToString());
        return thrown as EgressDeniedException ?? (EgressDeniedException)thrown.InnerException!;
    }
}
