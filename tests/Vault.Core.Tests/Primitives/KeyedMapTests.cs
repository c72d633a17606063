using CsCheck;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

/// <summary>The map does what a dictionary does, keeps what it was, and can be read while it is filled.</summary>
public class KeyedMapTests
{
    // Few keys, so that they meet again; and half of them share one hash.
    private static readonly Gen<(int Key, int Value, bool IsRemoval)[]> Steps = Gen.Select(Gen.Int[0, 400], Gen.Int[0, 1_000_000], Gen.Bool).Array[0, 1500];

    [Fact]
    public void Changes_OneByOne_AreThoseOfADictionary_AndLeaveTheMapBeforeAsItWas() => Steps.Sample(
        steps =>
        {
            var (map, model) = (new KeyedMap<int, Item, ByKey>(), new Dictionary<int, Item>());
            foreach (var (key, value, isRemoval) in steps)
            {
                var (before, was) = (map, new Dictionary<int, Item>(model));
                if (isRemoval)
                {
                    map = map.Without(key);
                    model.Remove(key);
                }
                else
                {
                    map = map.With(model[key] = new Item(key, value));
                }

                Assert.Equal(was.Count, before.Count);
                Assert.Equal(was.GetValueOrDefault(key), before.GetValueOrDefault(key));
            }

            AssertSame(model, map);
        },
        iter: 60);

    [Fact]
    public void Map_ThatIsFilledInPlace_IsTheSame_AndChangesOfItLeaveItAsItWas() => Gen.Select(Steps, Steps).Sample(
        (filled, changed) =>
        {
            var (builder, model) = (new KeyedMap<int, Item, ByKey>.Builder(), new Dictionary<int, Item>());
            foreach (var (key, value, isRemoval) in filled)
            {
                if (isRemoval)
                {
                    builder.Remove(key);
                    model.Remove(key);
                }
                else
                {
                    builder.Set(model[key] = new Item(key, value));
                }
            }

            AssertSame(model, builder.Map);
            var (map, now) = (builder.Map, new Dictionary<int, Item>(model));
            foreach (var (key, value, isRemoval) in changed)
            {
                if (isRemoval)
                {
                    map = map.Without(key);
                    now.Remove(key);
                }
                else
                {
                    map = map.With(now[key] = new Item(key, value));
                }
            }

            AssertSame(now, map);
            AssertSame(model, builder.Map);
        },
        iter: 60);

    [Fact]
    public void Values_OfOneHash_AreKeptApart()
    {
        var map = Enumerable.Range(0, 200).Aggregate(new KeyedMap<int, Item, Alike>(), (map, key) => map.With(new Item(key, key)));
        Assert.Equal(200, map.Count);
        Assert.All(Enumerable.Range(0, 200), key => Assert.Equal(key, map[key].Value));
        Assert.Equal(199, map.Without(100).Count);
        Assert.False(map.Without(100).ContainsKey(100));
        Assert.Same(map, map.Without(1000));
        Assert.Throws<KeyNotFoundException>(() => map[1000]);
    }

    [Fact]
    public async Task Readers_WhileItIsFilled_FindAllThatWasPutInBefore()
    {
        const int Many = 200_000;
        var builder = new KeyedMap<int, Item, Spread>.Builder();
        var filled = 0;
        var reader = Task.Run(() =>
        {
            var missed = 0;
            for (var until = 0; until < Many;)
            {
                until = Volatile.Read(ref filled);
                for (var key = 0; key < until; key += 1 + (until / 50))
                {
                    missed += builder.Map.TryGetValue(key, out var item) && item.Key == key ? 0 : 1;
                }
            }

            return missed;
        });
        for (var key = 0; key < Many; key++)
        {
            builder.Set(new Item(key, 0));
            Volatile.Write(ref filled, key + 1);
        }

        Assert.Equal(0, await reader);
        Assert.Equal(Many, builder.Map.Values.Distinct().Count());
    }

    private static void AssertSame<TKeys>(Dictionary<int, Item> model, KeyedMap<int, Item, TKeys> map)
        where TKeys : struct, IMapKeys<int, Item>
    {
        Assert.Equal(model.Count, map.Count);
        Assert.Equal(model.Values.OrderBy(item => item.Key), map.Values.OrderBy(item => item.Key));
        Assert.All(Enumerable.Range(0, 401), key =>
        {
            Assert.Equal(model.ContainsKey(key), map.ContainsKey(key));
            Assert.Same(model.GetValueOrDefault(key), map.GetValueOrDefault(key));
        });
    }

    private sealed record Item(int Key, int Value);

    private readonly struct ByKey : IMapKeys<int, Item>
    {
        public static int Of(Item value) => value.Key;

        public static int HashOf(int key) => key % 2 == 0 ? key : 77;

        public static bool AreEqual(int one, int other) => one == other;
    }

    private readonly struct Spread : IMapKeys<int, Item>
    {
        public static int Of(Item value) => value.Key;

        public static int HashOf(int key) => key;

        public static bool AreEqual(int one, int other) => one == other;
    }

    private readonly struct Alike : IMapKeys<int, Item>
    {
        public static int Of(Item value) => value.Key;

        public static int HashOf(int key) => 1;

        public static bool AreEqual(int one, int other) => one == other;
    }
}
