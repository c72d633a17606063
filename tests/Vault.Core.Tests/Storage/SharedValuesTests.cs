using System.Text.Json;
using CsCheck;
using Vault.Core.Storage.Codec;
using Xunit;

namespace Vault.Core.Tests.Storage;

/// <summary>One object for equal values, and never another value.</summary>
public class SharedValuesTests
{
    private readonly SharedValues _shared = new();

    [Fact]
    public void EqualTexts_AreOneObject_AndNoTextBecomesAnother() => Gen.String[Gen.Char['a', 'd'], 0, 6].Array[1, 3000].Sample(
        texts =>
        {
            // Of its own: samples run side by side, and a slot remembers the last value.
            var shared = new SharedValues();
            foreach (var text in texts)
            {
                var copy = new string(text.AsSpan());
                Assert.Equal(text, shared.Of(copy));
                Assert.Same(shared.Of(text), shared.Of(copy));
            }
        },
        iter: 20);

    [Fact]
    public void EqualJson_IsReadOnce_AndOtherSpacesAreOtherJson()
    {
        var first = _shared.Of(Parse("""{"protocol":"bearer"}"""));
        Assert.Equal("""{"protocol":"bearer"}""", _shared.Of(Parse("""{"protocol":"bearer"}""")).GetRawText());
        Assert.Equal("""{ "protocol":"bearer"}""", _shared.Of(Parse("""{ "protocol":"bearer"}""")).GetRawText());
        Assert.Equal("bearer", first.GetProperty("protocol").GetString());
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
