using System.Text.Json;
using CsCheck;
using Vault.Core.JsonPaths;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.JsonPaths;

/// <summary>The examples of RFC 9535, sections 1.5 and 2, and what the compliance suite adds to them.</summary>
public sealed class JsonPathQueryTests
{
    private const string Store = """
        { "store": { "book": [
            { "category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95 },
            { "category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99 },
            { "category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99 },
            { "category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99 } ],
          "bicycle": { "color": "red", "price": 399 } } }
        """;

    private const string Filters = """
        { "a": [3, 5, 1, 2, 4, 6, {"b":"j"}, {"b":"k"}, {"b":{}}, {"b":"kilo"}],
          "o": {"p":1,"q":2,"r":3,"s":5,"t":{"u":6}}, "e": "f" }
        """;

    private const string Comparisons = """{ "obj": {"x":"y"}, "arr": [2,3] }""";

    [Theory]
    [InlineData("$.store.book[*].author", """["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]""")]
    [InlineData("$..author", """["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]""")]
    [InlineData("$.store..price", "[8.95,12.99,8.99,22.99,399]")]
    [InlineData("$..book[2].author", """["Herman Melville"]""")]
    [InlineData("$..book[2].publisher", "[]")]
    [InlineData("$..book[-1].title", """["The Lord of the Rings"]""")]
    [InlineData("$..book[0,1].title", """["Sayings of the Century","Sword of Honour"]""")]
    [InlineData("$..book[:2].title", """["Sayings of the Century","Sword of Honour"]""")]
    [InlineData("$..book[?@.isbn].title", """["Moby Dick","The Lord of the Rings"]""")]
    [InlineData("$..book[?@.price<10].title", """["Sayings of the Century","Moby Dick"]""")]
    [InlineData("$ .store\n['bicycle'] [ 'color' ]", """["red"]""")]
    public void Select_Store_FindsWhatTheRfcSays(string query, string expected) => Check(query, Store, expected);

    [Theory]
    [InlineData("$.a[?@.b == 'kilo']", """[{"b":"kilo"}]""")]
    [InlineData("$.a[?(@.b == 'kilo')]", """[{"b":"kilo"}]""")]
    [InlineData("$.a[?@>3.5]", "[5,4,6]")]
    [InlineData("$.a[?@.b]", """[{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]""")]
    [InlineData("$[?@.*]", """[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}],{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}}]""")]
    [InlineData("$[?@[?@.b]]", """[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]]""")]
    [InlineData("$.o[?@<3, ?@<3]", "[1,2,1,2]")]
    [InlineData("$.a[?@<2 || @.b == \"k\"]", """[1,{"b":"k"}]""")]
    [InlineData("$.a[?match(@.b, \"[jk]\")]", """[{"b":"j"},{"b":"k"}]""")]
    [InlineData("$.a[?search(@.b, \"[jk]\")]", """[{"b":"j"},{"b":"k"},{"b":"kilo"}]""")]
    [InlineData("$.o[?@>1 && @<4]", "[2,3]")]
    [InlineData("$.o[?@.u || @.x]", """[{"u":6}]""")]
    [InlineData("$.a[?@.b == $.x]", "[3,5,1,2,4,6]")]
    [InlineData("$.a[?@ == @]", """[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]""")]
    [InlineData("$.a[?!@.b && !(@ > 2)]", "[1,2]")]
    [InlineData("$.a[?length(@.b) == 4]", """[{"b":"kilo"}]""")]
    [InlineData("$[?count(@.*) > 5].t", """[]""")]
    [InlineData("$[?count(@.*) == 5].t.u", "[6]")]
    [InlineData("$.a[?value(@..b) == 'j']", """[{"b":"j"}]""")]
    [InlineData("$.a[?match(@.b, 'k.*')].b", """["k","kilo"]""")]
    [InlineData("$.a[?match(@.b, '\\\\d')]", "[]")]
    [InlineData("$.a[?search(@.b, '(?=k)')]", "[]")]
    [InlineData("$.a[?match(@.b, 'k{1}(i|l|o){0,3}')].b", """["k","kilo"]""")]
    public void Select_Filters_FindWhatTheRfcSays(string query, string expected) => Check(query, Filters, expected);

    [Theory]
    [InlineData("$.absent1 == $.absent2", true)]
    [InlineData("$.absent1 <= $.absent2", true)]
    [InlineData("$.absent == 'g'", false)]
    [InlineData("$.absent1 != $.absent2", false)]
    [InlineData("$.absent != 'g'", true)]
    [InlineData("1 <= 2", true)]
    [InlineData("1 > 2", false)]
    [InlineData("13 == '13'", false)]
    [InlineData("'a' <= 'b'", true)]
    [InlineData("'a' > 'b'", false)]
    [InlineData("$.obj == $.arr", false)]
    [InlineData("$.obj != $.arr", true)]
    [InlineData("$.obj == $.obj", true)]
    [InlineData("$.obj != $.obj", false)]
    [InlineData("$.arr == $.arr", true)]
    [InlineData("$.obj == 17", false)]
    [InlineData("$.obj <= $.arr", false)]
    [InlineData("$.obj < $.arr", false)]
    [InlineData("$.obj <= $.obj", true)]
    [InlineData("$.arr <= $.arr", true)]
    [InlineData("1 <= $.arr", false)]
    [InlineData("1 >= $.arr", false)]
    [InlineData("true <= true", true)]
    [InlineData("true > true", false)]
    [InlineData("1 == 1.0", true)]
    [InlineData("-0 == 0", true)]
    [InlineData("1e2 == 100", true)]
    [InlineData("'\\u00e9' == 'é'", true)]
    [InlineData("'\\ud83d\\ude00' == '😀'", true)]
    [InlineData("'\\uffee' < '😀'", true)]
    [InlineData("length('😀') == 1", true)]
    public void Select_Comparisons_HoldAsTheRfcSays(string condition, bool expected) =>
        Check($"$[?{condition}]", Comparisons, expected ? """[{"x":"y"},[2,3]]""" : "[]");

    [Theory]
    [InlineData("$[1:3]", """["b","c"]""")]
    [InlineData("$[5:]", """["f","g"]""")]
    [InlineData("$[1:5:2]", """["b","d"]""")]
    [InlineData("$[5:1:-2]", """["f","d"]""")]
    [InlineData("$[::-1]", """["g","f","e","d","c","b","a"]""")]
    [InlineData("$[1:3:0]", "[]")]
    [InlineData("$[-2:]", """["f","g"]""")]
    [InlineData("$[ 0 : 2 : 1 ]", """["a","b"]""")]
    [InlineData("$[:-9007199254740991]", "[]")]
    [InlineData("$[-9007199254740991::9007199254740991]", """["a"]""")]
    [InlineData("$[9007199254740991::-9007199254740991]", """["g"]""")]
    [InlineData("$[0, 0]", """["a","a"]""")]
    [InlineData("$[7]", "[]")]
    [InlineData("$[-8]", "[]")]
    [InlineData("$['a']", "[]")]
    public void Select_Slices_FindWhatTheRfcSays(string query, string expected) =>
        Check(query, """["a","b","c","d","e","f","g"]""", expected);

    [Theory]
    [InlineData("$..j", """{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}""", "[1,4]")]
    [InlineData("$..[0]", """{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}""", """[5,{"j":4}]""")]
    [InlineData("$..o", """{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}""", """[{"j":1,"k":2}]""")]
    [InlineData("$.a..[0, 1]", """{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}""", """[5,3,{"j":4},{"k":6}]""")]
    [InlineData("$.o['j j']['k.k']", """{"o":{"j j":{"k.k":3}},"'":{"@":2}}""", "[3]")]
    [InlineData("$[\"'\"][\"@\"]", """{"o":{"j j":{"k.k":3}},"'":{"@":2}}""", "[2]")]
    [InlineData("$['\\'']", """{"'":7}""", "[7]")]
    [InlineData("$.☺", """{"☺":"A"}""", """["A"]""")]
    [InlineData("$", "17", "[17]")]
    [InlineData("$.a", """{"a":null}""", "[null]")]
    [InlineData("$.a[0]", """{"a":null}""", "[]")]
    [InlineData("$.securityToken", """{"securityToken":"T"}""", """["T"]""")]
    public void Select_Document_FindsWhatTheRfcSays(string query, string json, string expected) => Check(query, json, expected);

    [Theory]
    [InlineData("")]
    [InlineData(" $")]
    [InlineData("$ ")]
    [InlineData("a")]
    [InlineData("$.")]
    [InlineData("$..")]
    [InlineData("$. a")]
    [InlineData("$.1a")]
    [InlineData("$[]")]
    [InlineData("$[01]")]
    [InlineData("$[-0]")]
    [InlineData("$[9007199254740992]")]
    [InlineData("$[-9007199254740992]")]
    [InlineData("$[1.0]")]
    [InlineData("$[0:01]")]
    [InlineData("$['a]")]
    [InlineData("$['\\x']")]
    [InlineData("$['\\\"']")]
    [InlineData("$['\\ud800']")]
    [InlineData("$['\\udc00']")]
    [InlineData("$['\\ud800\\u0041']")]
    [InlineData("$[\"\u0001\"]")]
    [InlineData("$[?]")]
    [InlineData("$[?1]")]
    [InlineData("$[?true]")]
    [InlineData("$[?@.* == 1]")]
    [InlineData("$[?@..a == 1]")]
    [InlineData("$[?@[0:1] == 1]")]
    [InlineData("$[?@.a == 01]")]
    [InlineData("$[?@.a == 1.]")]
    [InlineData("$[?@.a = 1]")]
    [InlineData("$[?!@.a == 1]")]
    [InlineData("$[?(@.a) == 1]")]
    [InlineData("$[?@.a == TRUE]")]
    [InlineData("$[?@.a && ]")]
    [InlineData("$[?(@.a]")]
    [InlineData("$[?length(@.*) < 3]")]
    [InlineData("$[?count(1) == 1]")]
    [InlineData("$[?match(@.t, 'a') == true]")]
    [InlineData("$[?value(@..color)]")]
    [InlineData("$[?length(@)]")]
    [InlineData("$[?length (@) == 1]")]
    [InlineData("$[?length() == 1]")]
    [InlineData("$[?length(@,@) == 1]")]
    [InlineData("$[?foo(@)]")]
    public void Parse_NotWellFormed_Refused(string query)
    {
        var result = JsonPathQuery.Parse(query);
        Assert.False(result.IsOk);
        Assert.Equal(ErrorCodes.InvalidRequest, result.Error.Code);
    }

    [Fact]
    public void Parse_DeeplyNested_Refused()
    {
        Assert.False(JsonPathQuery.Parse("$[?" + new string('(', 1000) + "@" + new string(')', 1000) + "]").IsOk);
        Assert.False(JsonPathQuery.Parse("$" + string.Concat(Enumerable.Repeat("[?@", 1000)) + new string(']', 1000)).IsOk);
    }

    [Fact]
    public void Select_ExponentialQuery_Ends()
    {
        var json = string.Concat(Enumerable.Repeat("[1,", 60)) + "1" + new string(']', 60);
        Parse("$" + string.Concat(Enumerable.Repeat("..*", 12))).Select(JsonElement.Parse(json));
    }

    /// <summary>Some minutes to hours each, if what is passed over or read anew for each element weren't counted.</summary>
    [Theory]
    [InlineData("$.a[0:]", 200_000)]
    [InlineData("$.a[::-1]", 200_000)]
    [InlineData("$.a[100000:3:-2]", 49_999)]
    [InlineData("$.a[-2:0:-1]", 199_998)]
    [InlineData("$.a[?$.a[199999]]", null)]
    [InlineData("$.a[?$.a[199998:]]", null)]
    [InlineData("$.a[?$.a[1::-1]]", 200_000)]
    [InlineData("$.a[?$.o.missing]", 0)]
    [InlineData("$.a[?!$.o.missing]", null)]
    [InlineData("$.a[?length($.s) == 1]", 0)]
    [InlineData("$.a[?$.s < 'y']", null)]
    [InlineData("$.a[?$.s == $.s]", null)]
    [InlineData("$.a[?$.o == $.o]", null)]
    [InlineData("$.a[?search($.s, 'z')]", 0)]
    [InlineData("$.a[?@ == $.s]", 0)]
    [InlineData("$.a[?@ != $.s]", 200_000)]
    public async Task Select_InLargeDocument_Ends(string query, int? expected)
    {
        var a = string.Join(',', Enumerable.Repeat("[]", 200_000));
        var o = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"p{i}\":1"));
        var json = JsonElement.Parse($$"""{"a":[{{a}}],"o":{ {{o}} },"s":"{{new string('x', 400_000)}}"}""");
        var found = await Task.Run(() => Parse(query).Select(json)).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(expected ?? found.Count, found.Count);
    }

    [Fact]
    public void Select_HalfSurrogates_FindNothing()
    {
        var json = JsonElement.Parse("""{"\ud800":"\udc00","a":"\ud800"}""");
        foreach (var query in new[] { "$[?@ == 'x']", "$[?@ < 'x']", "$[?length(@) == 1]", "$[?match(@, '.')]", "$.b" })
        {
            Assert.Empty(Parse(query).Select(json));
        }
    }

    [Fact]
    public void ParseAndSelect_AnyText_NeverThrows()
    {
        var root = JsonElement.Parse(Store);
        string[] known =
        [
            "$", "@", ".", "..", "[", "]", "?", "*", ":", ",", "(", ")", "'", "\"", "\\", "!", "==", "<", "&&", "||", " ", "-1", "0",
            "a", "price", "length(", "match(", "count(", "value(", "'a'", "\\u00", "1e9", "\ud800", "$..*", "[?@.price>1]",
        ];
        var piece = Gen.OneOf(Gen.Int[0, known.Length - 1].Select(i => known[i]), Gen.Char.Select(c => c.ToString()));
        piece.Array[0, 12].Select(parts => "$" + string.Concat(parts)).Sample(
            text =>
            {
                if (JsonPathQuery.Parse(text) is { IsOk: true, Value: var query })
                {
                    query.Select(root);
                }
            },
            iter: 20_000);
    }

    private static JsonPathQuery Parse(string query)
    {
        var result = JsonPathQuery.Parse(query);
        Assert.True(result.IsOk, query + ": " + result.Error?.Detail);
        return result.Value;
    }

    private static void Check(string query, string json, string expected) => Assert.Equal(
        JsonSerializer.Serialize(JsonElement.Parse(expected)),
        JsonSerializer.Serialize(Parse(query).Select(JsonElement.Parse(json))));
}
