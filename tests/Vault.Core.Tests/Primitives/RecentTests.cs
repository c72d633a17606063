using CsCheck;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

public sealed class RecentTests
{
    [Fact]
    public void Recent_KeepsWhatWasUsedLast_AndNotMuchMore() =>
        Gen.Select(Gen.Int[1, 8], Gen.Int[0, 30].Array[0, 300]).Sample((capacity, keys) =>
        {
            var recent = new Recent<object>(capacity);
            List<(int Key, object Value)> used = [];
            foreach (var key in keys)
            {
                var value = recent.GetOrAdd($"{key}", () => new object());
                if (used.FindIndex(one => one.Key == key) is >= 0 and var before)
                {
                    // Of those used last none is made anew.
                    Assert.True(before >= capacity || ReferenceEquals(used[before].Value, value));
                    used.RemoveAt(before);
                }

                used.Insert(0, (key, value));
            }

            Assert.InRange(Enumerable.Range(0, 31).Count(key => recent.TryGet($"{key}", out _)), 0, 2 * capacity);
        });

    [Fact]
    public void Recent_ForgetsWhatIsRemoved_ButNotWhatTookItsPlace()
    {
        var recent = new Recent<object>(2);
        object first = new(), second = new();
        recent.Set("a", first);
        recent.Set("a", second);
        recent.Remove("a", first);
        Assert.True(recent.TryGet("a", out var found));
        Assert.Same(second, found);
        recent.Remove("a");
        Assert.False(recent.TryGet("a", out _));
    }
}
