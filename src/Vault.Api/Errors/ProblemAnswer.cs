using Vault.Core.Primitives;

namespace Vault.Api.Errors;

/// <summary>An error as a typed result; which errors a route gives is said where it is mapped.</summary>
public sealed class ProblemAnswer : IResult
{
    private readonly VaultError _error;

    internal ProblemAnswer(VaultError error) => _error = error;

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.AnswerAsync(_error);
}
