namespace Vault.Core.Audit;

/// <summary>What this process knows of what others change: revoked keys, above all. Registered where several processes share a database.</summary>
public interface ISharedKnowledge
{
    /// <summary>How long ago it last knew all of it.</summary>
    TimeSpan Age { get; }
}
