namespace Vault.Core.Storage.PostgreSql;

/// <summary>The numbers of the locks that replicas agree by; part of what versions that run side by side have in common.</summary>
internal static class AdvisoryLocks
{
    /// <summary>Held while a replica starts: schema and keys are made once.</summary>
    public const long Start = 0x7661756C74_01;

    /// <summary>Held by whoever extends the audit.</summary>
    public const long Audit = 0x7661756C74_02;

    /// <summary>Held by whoever changes what callouts are decided by, until the change is committed.</summary>
    public const long Changes = 0x7661756C74_03;

    /// <summary>The first of those held while a background job runs.</summary>
    public const long Jobs = 0x7661756C74_10;
}
