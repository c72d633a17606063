using System.Text.Json;
using Vault.Core.Authentication.SecretSources;

namespace Vault.Core.Administration.Secrets;

/// <summary>A parameter can't be read; <see cref="JsonException.Path"/> is the parameter's.</summary>
public sealed class ParameterInputException(ReferenceProblem problem) : JsonException(problem.Message)
{
    /// <summary>What is wrong with it.</summary>
    public ReferenceProblem Problem => problem;
}
