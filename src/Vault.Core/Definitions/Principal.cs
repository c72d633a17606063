using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>One set of secrets of an external credential.</summary>
/// <param name="Id">Stays the same for the life of the principal; secrets are sealed to it.</param>
/// <param name="Name">Unique within the external credential.</param>
/// <param name="Sequence">Of several principals granted to an app, the lowest is used.</param>
/// <param name="Type">Whose secrets it holds.</param>
public sealed record Principal(Guid Id, DeveloperName Name, int Sequence, PrincipalType Type = PrincipalType.Named);

/// <summary>Whose secrets a principal holds.</summary>
public enum PrincipalType
{
    /// <summary>One set for every caller.</summary>
    Named,

    /// <summary>One set for each user; what is set on the principal itself is shared by them.</summary>
    PerUser,
}
