using System.Text;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

public sealed class UnicodeJsonTests
{
    [Theory]
    [InlineData("""{"a":"\ud83d\ude00é","\u00e9":[1,"\n"]}""", true)]
    [InlineData("""{"a":"\ud800"}""", false)]
    [InlineData("""{"\udc00":1}""", false)]
    [InlineData("""["\ude00\ud83d"]""", false)]
    [InlineData("""{"a":"\u12"}""", true)]
    [InlineData("""not JSON \u0041""", true)]
    [InlineData("", true)]
    public void IsUnicode_TellsHalfPairs(string json, bool expected) => Assert.Equal(expected, UnicodeJson.IsUnicode(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("{\"a\":\"\u00AE\"}")]
    [InlineData("{\"\u00C0\u00AF\":1}")]
    public void IsUnicode_BytesThatAreNoUtf8_AreNot(string latin1) => Assert.False(UnicodeJson.IsUnicode(Encoding.Latin1.GetBytes(latin1)));
}
