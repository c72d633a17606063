using System.Runtime.Intrinsics.X86;
using CsCheck;
using Vault.Core.Redaction;
using Xunit;

namespace Vault.Core.Tests.Redaction;

/// <summary>What a processor with wide vectors finds, one without finds too, and both find all that was added.</summary>
public class EscapeShapesTests
{
    private const string Bytes = "\\%&#uxn0123456789abcdefABCDEF;\"/ \u00e9";

    private static readonly Gen<byte> Common = Gen.Int[0, Bytes.Length - 1].Select(index => (byte)Bytes[index]);

    private static readonly Gen<byte[]> Text = Gen.OneOf(Common, Common, Gen.Byte)
        .Array[EscapeShapes.Places + EscapeShapes.Behind];

    private static readonly Gen<(byte Escape, byte Second, byte Third)[]> Added = Gen.Select(
        Gen.Int[0, 2].Select(index => (byte)Bytes[index]), Common, Gen.OneOf(Common, Gen.Byte)).Array[1, 12];

    [Fact]
    public void Both_ways_to_look_find_the_same_and_whatever_was_added() => Gen.Select(Text, Added, Gen.Byte).Sample((text, added, digit) =>
    {
        var shapes = new EscapeShapes(null);
        shapes.AddUnicode(digit);
        foreach (var (escape, second, third) in added)
        {
            shapes.Add(escape, second, third);
        }

        var any = shapes.FindNarrow(ref text[0], out var near, out var far);
        Assert.Equal(any, (near | far) != 0);
        for (var at = 0; at < EscapeShapes.Places; at++)
        {
            var shape = (text[at], text[at + 1], text[at + 2]);
            var isUnicode = shape is ((byte)'\\', (byte)'u', _);
            if (added.Contains(shape) && (!isUnicode || text[at + 4] == digit))
            {
                Assert.NotEqual(0UL, ((at < 64 ? near : far) >> at) & 1);
            }
        }

        if (Avx512BW.IsSupported)
        {
            Assert.Equal(any, shapes.FindWide(ref text[0], out var wideNear, out var wideFar));
            Assert.Equal((near, far), (wideNear, wideFar));
        }
    });
}
