using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class MergeMaskTests
{
    [Theory]
    [InlineData("application/json", "••••••($Credential.Password)")]
    [InlineData("application/x-www-form-urlencoded", "••••••($Credential.Password)")]
    [InlineData("text/plain; charset=latin1", "••••••($Credential.Password)")]
    public void Resolve_MaskingScope_HidesTheWholeResult(string contentType, string expected) => Assert.Equal(
        $"u1 {expected}{expected}",
        MergeBodyRun.Whole("{!$User.Id} {!$Credential.Password}{!HEX(HASH('MD5',$Credential.Password))}", contentType, new MaskingScope()));

    [Fact]
    public void Resolve_TemplateWithMaskingScope_HidesTheWholeResult()
    {
        var output = MergeTemplate.Parse("a {!$User.Id & $Credential.Password}").Value!.Resolve(new MaskingScope(), MergeEscaping.Percent).Value;

        Assert.Equal("a ••••••($User.Id+$Credential.Password)", output.Text);
    }

    private sealed class MaskingScope : IMergeMask
    {
        private readonly FakeMergeScope _inner = new();

        public string Mask(IReadOnlyList<MergeReference> references) => $"••••••({string.Join('+', references)})";

        public VaultError? Check(MergeReference reference) => _inner.Check(reference);

        public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) =>
            _inner.PrepareAsync(reference, cancellationToken);

        public Result<MergeValue> Resolve(MergeReference reference) => _inner.Resolve(reference);

        public void OnSecretProduced(ReadOnlySpan<byte> utf8) => _inner.OnSecretProduced(utf8);
    }
}
