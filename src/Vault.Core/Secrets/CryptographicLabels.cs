namespace Vault.Core.Secrets;

/// <summary>
/// Every purpose and label of the vault's cryptography. They are part of the format at rest: a changed one makes data
/// unreadable, so a test freezes them and a new meaning gets a new version.
/// </summary>
public static class CryptographicLabels
{
    /// <summary>Data Protection's application name.</summary>
    public const string Application = "vault";

    /// <summary>HKDF: master key to the key that encrypts the key ring.</summary>
    public const string RingKey = "cv.ring.v1";

    /// <summary>HKDF: a key to its check value.</summary>
    public const string CheckValue = "cv.kcv.v1";

    /// <summary>Data Protection purpose of vault keys.</summary>
    public const string VaultKeyPurpose = "vault.key.v1";

    /// <summary>Associated data of a wrapped data key.</summary>
    public const string DataKey = "cv.dek.v1";

    /// <summary>Associated data of a sealed value.</summary>
    public const string SealedValue = "cv.sec.v1";

    /// <summary>Associated data of a vault key's canary.</summary>
    public const string Canary = "cv.canary.v1";

    /// <summary>MAC of an external credential's row.</summary>
    public const string ExternalCredentialRow = "cv.mac.external-credential.v1";

    /// <summary>MAC of a named credential's row.</summary>
    public const string NamedCredentialRow = "cv.mac.named-credential.v1";

    /// <summary>MAC of an app's row.</summary>
    public const string AppRow = "cv.mac.app.v1";

    /// <summary>MAC of a grant's row.</summary>
    public const string GrantRow = "cv.mac.grant.v1";

    /// <summary>MAC of a key's row.</summary>
    public const string KeyRow = "cv.mac.key.v1";

    /// <summary>Hash of a vault key's secret.</summary>
    public const string KeyHash = "cv.key-hash.v1";

    /// <summary>What the first record of the audit follows.</summary>
    public const string AuditBeginning = "cv.audit.beginning.v1";

    /// <summary>Hash of a record of the audit.</summary>
    public const string AuditRecord = "cv.audit.record.v1";

    /// <summary>MAC of a record of the audit.</summary>
    public const string AuditMac = "cv.audit.mac.v1";

    /// <summary>What is signed in a checkpoint of the audit.</summary>
    public const string AuditCheckpoint = "cv.audit.checkpoint.v2";

    /// <summary>MAC of the mark that says where the audit ends.</summary>
    public const string AuditMark = "cv.audit.mark.v1";

    /// <summary>MAC of a record in a spool, and what its first record follows.</summary>
    public const string AuditSpool = "cv.audit.spool.v1";

    /// <summary>MAC of the mark that says how much is in a spool.</summary>
    public const string AuditSpoolMark = "cv.audit.spool-mark.v1";

    /// <summary>The key that checkpoints of the audit are signed with.</summary>
    public const string AuditSigningKey = "cv.audit.signing-key.v1";

    /// <summary>What a vault calls itself on the requests that it sends.</summary>
    public const string VaultId = "cv.vault-id.v1";

    /// <summary>MAC of what the audit is still to say.</summary>
    public const string PendingRecord = "cv.mac.pending-record.v1";

    /// <summary>What tells one value that a reference led to from another.</summary>
    public const string ReferencedValue = "cv.mac.referenced-value.v1";

    /// <summary>HKDF: master key, and salt of a backup, to the backup's key.</summary>
    public const string BackupKey = "cv.backup.v1";

    /// <summary>Associated data of a piece of a backup.</summary>
    public const string BackupPiece = "cv.backup.piece.v1";

    /// <summary>What is signed of a wrapped master key.</summary>
    public const string WrappedMasterKey = "cv.wrapped-master-key.v1";

    /// <summary>What the forward proxy's certificate authority is sealed as.</summary>
    public const string ForwardProxyAuthority = "forward-proxy-authority";
}
