using System.Text;
using CsCheck;
using Vault.Core.MergeFields;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class TextPositionTests
{
    [Fact]
    public void Advance_AnyText_CountsLinesAndCharacters() =>
        Gen.Select(Gen.OneOf("a", "é", "€", "\ud83d\ude00", "\n", "\r\n").Array[0, 200], Gen.Int[0, 1000]).Sample((pieces, cut) =>
        {
            var text = string.Concat(pieces);
            var bytes = Encoding.UTF8.GetBytes(text);
            cut %= bytes.Length + 1;
            var position = new TextPosition();
            position.Advance(bytes.AsSpan(0, cut), isUtf8: true);
            position.Advance(bytes.AsSpan(cut), isUtf8: true);
            var lines = text.Split('\n');
            return position.Offset == bytes.Length
                && position.Line == lines.Length
                && position.Column == lines[^1].EnumerateRunes().Count() + 1;
        });
}
