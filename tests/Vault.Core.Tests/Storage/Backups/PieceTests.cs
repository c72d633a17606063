using System.Security.Cryptography;
using Vault.Core.Storage.Backups;
using Xunit;

namespace Vault.Core.Tests.Storage.Backups;

/// <summary>The pieces of a backup: whole, in order, and all of them, or refused.</summary>
public sealed class PieceTests
{
    private const int Sealed = PieceCipher.PieceSize + PieceCipher.TagSize;
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Prefix = RandomNumberGenerator.GetBytes(7);
    private static readonly byte[] Header = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(PieceCipher.PieceSize - 1)]
    [InlineData(PieceCipher.PieceSize)]
    [InlineData(PieceCipher.PieceSize + 1)]
    [InlineData((2 * PieceCipher.PieceSize) - 16)]
    [InlineData(3 * PieceCipher.PieceSize)]
    public async Task What_WasSealed_IsOpened(int length)
    {
        var plaintext = RandomNumberGenerator.GetBytes(length);
        foreach (var step in new[] { 1_000, 70_000 })
        {
            var file = await SealAsync(plaintext, step);
            Assert.Equal(-1, length < 16 ? -1 : file.AsSpan().IndexOf(plaintext.AsSpan(0, 16)));
            Assert.Equal(plaintext, await OpenAsync(file));
        }
    }

    [Fact]
    public async Task Pieces_CutMovedDoubledOrAdded_AreRefused()
    {
        var file = await SealAsync(RandomNumberGenerator.GetBytes((3 * PieceCipher.PieceSize) + 100), 10_000);
        byte[] first = file[..Sealed], second = file[Sealed..(2 * Sealed)], third = file[(2 * Sealed)..(3 * Sealed)], last = file[(3 * Sealed)..];
        byte[][] bad =
        [
            [], first, [.. first, .. second], [.. first, .. second, .. third], file[..^1], file[..^100], [.. file, 0], [.. file, .. last],
            [.. second, .. first, .. third, .. last], [.. first, .. first, .. second, .. third, .. last], [.. first, .. third, .. last], [.. first, .. second, .. last], last,
        ];
        foreach (var one in bad)
        {
            await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(one));
        }

        for (var at = 0; at < file.Length; at += 4_099)
        {
            var flipped = file.ToArray();
            flipped[at] ^= 1;
            await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(flipped));
        }
    }

    [Fact]
    public async Task OtherKey_Prefix_OrHeader_OpensNothing()
    {
        var file = await SealAsync([1, 2, 3], 10);
        foreach (var (key, prefix, header) in new[] { (new byte[32], Prefix, Header), (Key, new byte[7], Header), (Key, Prefix, new byte[32]) })
        {
            await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(file, key, prefix, header));
        }
    }

    private static async Task<byte[]> SealAsync(byte[] plaintext, int step)
    {
        using var file = new MemoryStream();
        using var cipher = new PieceCipher([.. Key], Prefix, Header);
        await using var content = new SealingStream(file, cipher);
        for (var at = 0; at < plaintext.Length; at += step)
        {
            await content.WriteAsync(plaintext.AsMemory(at, Math.Min(step, plaintext.Length - at)));
        }

        await content.CompleteAsync(CancellationToken.None);
        return file.ToArray();
    }

    private static async Task<byte[]> OpenAsync(byte[] file, byte[]? key = null, byte[]? prefix = null, byte[]? header = null)
    {
        using var cipher = new PieceCipher([.. key ?? Key], prefix ?? Prefix, header ?? Header);
        await using var content = new OpeningStream(new MemoryStream(file), cipher);
        using var opened = new MemoryStream();
        await content.CopyToAsync(opened);
        return opened.ToArray();
    }
}
