using System.Text;
using Vault.Core.Authentication.Protocols.Digest;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Signing;

public sealed class Sha512T256Tests
{
    // NIST's examples of FIPS 180-4, and the million letters of its older editions.
    [Theory]
    [InlineData("", 1, "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a")]
    [InlineData("abc", 1, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23")]
    [InlineData("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1, "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a")]
    [InlineData("a", 1_000_000, "9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21")]
    public void HashData_IsThatOfNist(string text, int times, string hash) =>
        Assert.Equal(hash, Convert.ToHexStringLower(Sha512T256.HashData(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, times))))));

    [Fact]
    public void HashData_OfEachLengthAroundABlock_IsThatOfOpenSsl()
    {
        // Each hash goes into the next; made with `openssl dgst -sha512-256`.
        byte[] hash = [];
        for (var length = 0; length < 300; length++)
        {
            hash = Sha512T256.HashData([.. hash, .. Enumerable.Range(0, length).Select(i => (byte)i)]);
        }

        Assert.Equal("61c7da0175b0cfc4251a05017860f4d6ff1bcc889f2ee5b28c0fa3f6d92a381a", Convert.ToHexStringLower(hash));
    }
}
