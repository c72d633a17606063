using System.Text;
using CsCheck;
using Vault.Core.MergeFields.Scanning;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

/// <summary>The vectorised search against one that looks at every byte alone.</summary>
public sealed class OpenerSearchTests
{
    [Fact]
    public void Find_EveryOpenerAtEveryPlace_IsFound()
    {
        string[] brackets = ["{", "<", "%7B", "%7b", "%3C", "%3c"];
        var openers = brackets.SelectMany(bracket => new[] { bracket + "!$", bracket + "! ", bracket + "%21HASH" });
        foreach (var (opener, isForm) in openers.SelectMany(opener => new[] { (opener, false), (opener, true) }))
        {
            var opens = isForm || !opener.Contains('%', StringComparison.Ordinal);
            foreach (var filler in "x!%C7")
            {
                for (var at = 0; at < 300; at++)
                {
                    var text = Encoding.Latin1.GetBytes(new string(filler, at) + opener + new string(filler, 300 - at) + ".");
                    Assert.Equal(opens ? at : text.Length, OpenerSearch.Find(text, isForm));
                    Assert.Equal(opens ? at : at + opener.Length, OpenerSearch.Find(text.AsSpan(0, at + opener.Length), isForm));
                }
            }
        }
    }

    [Fact]
    public void Find_AnyBytes_IsWhereTheFirstOpenerIs() =>
        Gen.Select(Gen.Char["{<!%7B3Cc21$a-+ x"].Array[0, 400], Gen.Char["xyz=&;.%"].Array[0, 300], Gen.Bool).Sample(
            (dense, sparse, isForm) => Check(string.Concat(sparse) + string.Concat(dense) + string.Concat(sparse), isForm),
            iter: 500);

    private static void Check(string text, bool isForm)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var from = 0; from <= bytes.Length;)
        {
            var expected = from;
            while (expected < bytes.Length && !Opens(bytes.AsSpan(expected), isForm))
            {
                expected++;
            }

            var found = OpenerSearch.Find(bytes.AsSpan(from), isForm);
            Assert.True(expected - from == found, $"{text} from {from}: {found}");
            from = expected + 1;
        }
    }

    // Cut off by the end, what is there is enough.
    private static bool Opens(ReadOnlySpan<byte> bytes, bool isForm)
    {
        foreach (var bracket in isForm ? ["{", "<", "%7B", "%7b", "%3C", "%3c"] : new[] { "{", "<" })
        {
            foreach (var bang in isForm ? ["!", "%21"] : new[] { "!" })
            {
                var opener = Encoding.ASCII.GetBytes(bracket + bang);
                if (bytes.Length <= opener.Length
                    ? opener.AsSpan().StartsWith(bytes)
                    : bytes.StartsWith(opener) && ((char)bytes[opener.Length] is '$' or ' ' or '\t' or '\n' or '\f' or '\v' or '\r' or '%' or '+' or '\\' || char.IsAsciiLetter((char)bytes[opener.Length])))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
