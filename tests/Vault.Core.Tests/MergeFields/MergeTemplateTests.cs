using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class MergeTemplateTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("{!$Credential.Username}", "service-user")]
    [InlineData("<!$Credential.Username>", "service-user")]
    [InlineData("{!  $credential.USERNAME\t\r\n}", "service-user")]
    [InlineData("a{!$Credential.ServiceLogin.Username}b<!$User.Id>c", "aqualifiedbu1c")]
    [InlineData("{!$Credential.Username & ':' & \"x\"}", "service-user:x")]
    [InlineData("{!$Credential.Username&'}>\\'\\\"\\\\'}", "service-user}>'\"\\")]
    [InlineData("{!upper ( Trim( '  ab ' ) ) & Lower('CD')}", "ABcd")]
    [InlineData("{{!$User.Id}}", "{u1}")]
    [InlineData("{!{!$User.Id}", "{!u1")]
    [InlineData("<{!$User.Id}", "<u1")]
    [InlineData("{!HE{!$User.Id}", "{!HEu1")]
    [InlineData("é\ud83d\ude00{!$User.Id}é", "é\ud83d\ude00u1é")]
    public void Resolve_Text_FillsFieldsIn(string text, string expected)
    {
        var template = MergeTemplate.Parse(text).Value!;

        Assert.Null(template.Check(new FakeMergeScope()));
        Assert.Equal(expected, template.Resolve(new FakeMergeScope(), MergeEscaping.None).Value.Text);
        Assert.Equal(text, template.Text);
    }

    [Theory]
    [InlineData("<!DOCTYPE html>")]
    [InlineData("<!-- $Credential.Username -->")]
    [InlineData("<![CDATA[{!]]>")]
    [InlineData("{!important}")]
    [InlineData("{! HEX }")]
    [InlineData("{!HEX 'a'}")]
    [InlineData("{!FOO($Credential.Username)}")]
    [InlineData("{!HEXX('a')}")]
    [InlineData("{!'text'}")]
    [InlineData("{ !$Credential.Username}")]
    [InlineData("{!BASE64URLENCODES('a')}")]
    [InlineData("{!")]
    [InlineData("<! ")]
    [InlineData("{!RAW")]
    public void Parse_WhatDoesNotOpen_IsNoField(string text)
    {
        var template = MergeTemplate.Parse(text).Value!;

        Assert.False(template.HasFields);
        Assert.Equal(text, template.Resolve(new FakeMergeScope(), MergeEscaping.Json).Value.Text);
    }

    [Theory]
    [InlineData("{!$Foo.x}", 1, 1, "$Foo")]
    [InlineData("a\nbé\ud83d\ude00{!$User.Name}", 2, 4, "$User.Name")]
    [InlineData("{!$Credential}", 1, 1, "$Credential")]
    [InlineData("{!$Credential.A.B.C}", 1, 1, "$Credential.A.B.C")]
    [InlineData("{!$Token.A.B}", 1, 1, "$Token.A.B")]
    [InlineData("{!$Credential.a__b}", 1, 1, "a__b")]
    [InlineData("{!$Credential.1a}", 1, 1, "1a")]
    [InlineData("{!$}", 1, 1, "unknown reference")]
    [InlineData("{!$User.Id}\r\n {!HEX()}", 2, 2, "HEX takes 1 argument")]
    [InlineData("{!HEX('a', 'b')}", 1, 1, "HEX takes 1 argument")]
    [InlineData("{!HASH('SHA-256')}", 1, 1, "HASH takes 2 arguments")]
    [InlineData("{!HASH('SHA-255', 'a')}", 1, 1, "the algorithm must be")]
    [InlineData("{!HEX('a',)}", 1, 1, "HEX takes 1 argument")]
    [InlineData("{!HEX(FOO('a'))}", 1, 1, "unknown function FOO")]
    [InlineData("{!RAW(HEX 'a')}", 1, 1, "( after HEX")]
    [InlineData("{!BLOB('a')}", 1, 1, "blob")]
    [InlineData("{!$Credential.Body}", 1, 1, "blob")]
    [InlineData("{!$User.Id & $Credential.Body}", 1, 1, "blob")]
    [InlineData("{!UPPER(BLOB('a'))}", 1, 1, "UPPER takes text")]
    [InlineData("{!$User.Id $User.Id}", 1, 1, "is due")]
    [InlineData("{!$User.Id &}", 1, 1, "is due")]
    [InlineData("{!$User.Id + 'a'}", 1, 1, "unexpected character")]
    [InlineData("{!RAW('\\n')}", 1, 1, "backslash")]
    [InlineData("{!$User.Id", 1, 1, "isn't closed")]
    [InlineData("{!$User.Id & 'a}", 1, 1, "isn't closed")]
    [InlineData("<!$User.Id}", 1, 1, "isn't closed")]
    public void Parse_BadField_NamesPlaceAndProblem(string text, int line, int column, string problem)
    {
        var error = MergeTemplate.Parse(text).Error;

        Assert.Equal(ErrorCodes.MergeFieldInvalid, error!.Code);
        Assert.Contains($"at line {line}, column {column} ", error.Detail, StringComparison.Ordinal);
        Assert.Contains(problem, error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_UnknownReference_AddsThePlace()
    {
        var error = MergeTemplate.Parse("a {!$Credential.Nope}").Value!.Check(new FakeMergeScope());

        Assert.Equal("The merge field at line 1, column 3 is not valid: $Credential.Nope is not known.", error!.Detail);
    }

    [Fact]
    public async Task PrepareAsync_OtherError_StaysAsItIs()
    {
        var error = await MergeTemplate.Parse("{!$User.Id & $Credential.Unset}").Value!.PrepareAsync(new FakeMergeScope(), default);

        Assert.Equal(new VaultError(ErrorCodes.CredentialNotConfigured, "Unset has no value."), error);
    }

    [Theory]
    [InlineData(3900, true)]
    [InlineData(3901, false)]
    public void Parse_Length_IsLimitedWithDelimiters(int length, bool isOk)
    {
        var text = "{!RAW('" + new string('é', length - 10) + "')}";

        Assert.Equal(length, text.Length);
        Assert.Equal(isOk, MergeTemplate.Parse(text).IsOk);
        Assert.Equal(isOk, MergeTemplate.Parse("{!" + new string(' ', length - 13) + "$User.Id  }").IsOk);
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    [InlineData(900, false)]
    public void Parse_Nesting_IsLimited(int depth, bool isOk)
    {
        var text = "{!" + string.Concat(Enumerable.Repeat("RAW(", depth)) + "'x'" + new string(')', depth) + "}";

        Assert.Equal(isOk, MergeTemplate.Parse(text).IsOk);
    }

    [Fact]
    public void Parse_KeyArguments_AreMarked()
    {
        var template = MergeTemplate.Parse(
            "{!HEX(HMAC('SHA-256', $Request.Path & $Token.T, HMAC('MD5', 'd', 'AWS4' & $Credential.Key))) & $Credential.X}").Value!;

        Assert.Equal(
            [("$Request.Path", false), ("$Token.T", false), ("$Credential.Key", true), ("$Credential.X", false)],
            template.References.Select(r => (r.ToString(), r.IsKey)));
    }

    [Fact]
    public void Resolve_SecretResults_AreToldAndTaint()
    {
        var scope = new FakeMergeScope();
        var output = MergeTemplate.Parse("{!$User.Id}{!RAW('x') & HEX($Credential.Key)}{!UPPER($Credential.Key)}").Value!
            .Resolve(scope, MergeEscaping.Json).Value;

        Assert.True(output.IsSecret);
        Assert.Equal("***", output.ToString());
        Assert.Equal(["6b6579", "x6b6579", "KEY"], scope.Secrets);
    }

    [Fact]
    public void Resolve_BlobFromScope_IsAnErrorWhereTextIsDue()
    {
        var scope = new FakeMergeScope();

        Assert.Contains("blob", MergeTemplate.Parse("{!$Credential.Sneaky}").Value!.Resolve(scope, MergeEscaping.None).Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("blob", MergeTemplate.Parse("{!RAW($Credential.Sneaky)}").Value!.Resolve(scope, MergeEscaping.None).Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("blob", MergeTemplate.Parse("{!$User.Id & $Credential.Sneaky}").Value!.Resolve(scope, MergeEscaping.None).Error!.Detail, StringComparison.Ordinal);
        Assert.Equal("0102ff00", MergeTemplate.Parse("{!HEX($Credential.Sneaky)}{!HEX($Credential.Body)}").Value!.Resolve(scope, MergeEscaping.None).Value.Text);
    }

    [Theory]
    [InlineData(MergeEscaping.None, "a\"&/ <b>'c/", "a\"&/ <b>'c/")]
    [InlineData(MergeEscaping.Json, "a\"&/ <b>'c/", "a\\\"&/ <b>'c/")]
    [InlineData(MergeEscaping.Xml, "a\"&/ <b>'c/", "a&quot;&amp;/ &lt;b&gt;&apos;c/")]
    [InlineData(MergeEscaping.Html, "a\"&/ <b>'c/", "a&quot;&amp;/ &lt;b&gt;&#39;c/")]
    [InlineData(MergeEscaping.Form, "a\"&/ <b>'c/", "a%22%26%2F%20%3Cb%3E%27c%2F")]
    [InlineData(MergeEscaping.Percent, "a\"&/ <b>'c/", "a%22%26%2F%20%3Cb%3E%27c%2F")]
    public void Resolve_Literals_AreEscapedOnRequest(MergeEscaping escaping, string text, string escaped)
    {
        var scope = new FakeMergeScope().With("$Credential.V", text);
        var template = MergeTemplate.Parse(text + "{!$Credential.V}").Value!;

        Assert.Equal(text + escaped, template.Resolve(scope, escaping).Value.Text);
        Assert.Equal(escaped + escaped, template.Resolve(scope, escaping, escapeLiterals: true).Value.Text);
        Assert.Equal(escaped, MergeTemplate.Parse(text).Value!.Resolve(scope, escaping, escapeLiterals: true).Value.Text);
    }

    [Fact]
    public void Resolve_ResolvedValue_IsNotSearchedAgain() => Assert.Equal(
        "{!$Credential.Password}<!$Credential.Password>",
        MergeTemplate.Parse("{!$Credential.Tricky}").Value!.Resolve(new FakeMergeScope(), MergeEscaping.None).Value.Text);
}
