using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Tests that hear everything that the process tells: they run when nothing else does, and nothing else has to bear what they keep.</summary>
[CollectionDefinition(nameof(ListensToTheProcess), DisableParallelization = true)]
public sealed class ListensToTheProcess;
