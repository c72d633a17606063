namespace Vault.Core.Secrets.MasterKeys.FromEnvironment;

/// <summary>The master key in a setting, <c>Vault:MasterKey:Value</c>: for platforms that put secrets into the environment.</summary>
internal sealed class EnvironmentMasterKey(byte[] key) : IMasterKeyProvider
{
    /// <inheritdoc />
    public string Name => "environment";

    /// <summary>Reads the settings.</summary>
    public static EnvironmentMasterKey Read(MasterKeySettings settings)
    {
        var text = settings.Require("Value").Trim();
        var key = new byte[32];
        return text.Length == 44 && Convert.TryFromBase64String(text, key, out var length) && length == key.Length
            ? new EnvironmentMasterKey(key)
            : throw settings.Bad("Value", "must be the base64 of 32 bytes, as `openssl rand -base64 32` makes them");
    }

    /// <inheritdoc />
    public Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken) => Task.FromResult<byte[]?>([.. key]);

    /// <inheritdoc />
    public Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken) =>
        throw new VaultStartException("A master key in a setting is made by whoever sets it.");
}
