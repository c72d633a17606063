using System.Buffers.Binary;
using System.Security.Cryptography;
using CsCheck;
using Vault.Core.Redaction;
using Xunit;

namespace Vault.Core.Tests.Redaction;

/// <summary>The look at sixteen grams at once: it may say yes too often, never no where a gram is.</summary>
public sealed class GramTablesTests
{
    [Fact]
    public void Find_SaysYes_WhereverAGramIs() =>
        Gen.Select(Gen.UInt.Array[1, 400], Gen.Byte.Array[GramTables.Places], Gen.Int[0, 31].Array[0, 8]).Sample((grams, bytes, at) =>
        {
            var tables = new GramTables(null);
            foreach (var gram in grams)
            {
                tables.Add(gram);
            }

            if (!tables.IsUseful)
            {
                // No AVX-512 here, or too many grams: nobody looks.
                return;
            }

            for (var i = 0; i < at.Length; i++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(GramTables.Stride * at[i]), grams[i % grams.Length]);
            }

            var expected = Enumerable.Range(0, 32).Where(place => grams.Contains(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(GramTables.Stride * place))))
                .Aggregate(0u, (bits, place) => bits | (1u << place));
            Assert.Equal(expected, GramTables.Find(ref tables.First, ref bytes[0]) & expected);
        });

    [Fact]
    public void Tables_OfFewGrams_SeldomSayYes_AndThoseOfMany_ArentLookedIn()
    {
        var few = new GramTables(null);
        for (var i = 0; i < 200; i++)
        {
            few.Add(BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)));
        }

        var more = new GramTables(few);
        for (var i = 0; i < 2_000; i++)
        {
            more.Add(BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)));
        }

        Assert.False(more.IsUseful);
        if (few.IsUseful)
        {
            var bytes = new byte[GramTables.Places];
            var yes = 0;
            for (var i = 0; i < 10_000; i++)
            {
                RandomNumberGenerator.Fill(bytes);
                yes += System.Numerics.BitOperations.PopCount(GramTables.Find(ref few.First, ref bytes[0]));
            }

            Assert.InRange(yes, 0, 32 * 10_000 / 100);
        }
    }
}
