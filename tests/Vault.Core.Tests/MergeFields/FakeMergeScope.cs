using System.Text;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Tests.MergeFields;

/// <summary>Knows a few secrets by their written reference, and remembers what it was told.</summary>
internal sealed class FakeMergeScope : IMergeScope
{
    private readonly Dictionary<string, MergeValue> _values = new(StringComparer.OrdinalIgnoreCase)
    {
        ["$Credential.Username"] = MergeValue.OfText("service-user", false),
        ["$Credential.Password"] = MergeValue.OfText("p\"w\\<&'>\u00e9 %+", true),
        ["$Credential.Tricky"] = MergeValue.OfText("{!$Credential.Password}<!$Credential.Password>", true),
        ["$Credential.Euro"] = MergeValue.OfText("\u20ac\ud83d\ude00", true),
        ["$Credential.Key"] = MergeValue.OfText("key", true),
        ["$Credential.Body"] = MergeValue.OfBlob([0xFF, 0x00], false),
        ["$Credential.Sneaky"] = MergeValue.OfBlob([1, 2], true),
        ["$Credential.ServiceLogin.Username"] = MergeValue.OfText("qualified", false),
        ["$User.Id"] = MergeValue.OfText("u1", false),
    };

    public List<string> Secrets { get; } = [];

    public List<MergeReference> Checked { get; } = [];

    public List<MergeReference> Prepared { get; } = [];

    public FakeMergeScope With(string reference, string value, bool isSecret = true)
    {
        _values[reference] = MergeValue.OfText(value, isSecret);
        return this;
    }

    public VaultError? Check(MergeReference reference)
    {
        Checked.Add(reference);
        return _values.ContainsKey(reference.ToString()) ? null : new VaultError(ErrorCodes.MergeFieldInvalid, $"{reference} is not known.");
    }

    public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken)
    {
        Prepared.Add(reference);
        return ValueTask.FromResult(
            reference.Name == "Unset" ? new VaultError(ErrorCodes.CredentialNotConfigured, "Unset has no value.") : null);
    }

    public Result<MergeValue> Resolve(MergeReference reference) => _values[reference.ToString()];

    public void OnSecretProduced(ReadOnlySpan<byte> utf8) => Secrets.Add(Encoding.UTF8.GetString(utf8));
}
