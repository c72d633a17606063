using CsCheck;
using Vault.Cli.Import;
using Vault.Cli.Import.Salesforce.Formulas;
using Vault.Core.MergeFields;
using Xunit;

namespace Vault.Cli.Tests.Import.Salesforce;

public sealed class FormulaTests
{
    private static readonly FormulaScope Scope = new("Shop", "acme__Shop", ["Backend"], HasUsers: true, IsOAuth: true);

    [Theory]
    [InlineData("application/json", "application/json")]
    [InlineData("Bearer {!$Credential.Shop.Key}", "Bearer {!$Credential.Shop.Key}")]
    [InlineData("{!'Bearer ' & $Credential.acme__Shop.Key}", "Bearer {!$Credential.Shop.Key}")]
    [InlineData("{!\"Bearer \" + $Credential.Shop.Key}", "Bearer {!$Credential.Shop.Key}")]
    [InlineData("{!'Bearer ' & $Credential.OpenAI.ApiKey}", "Bearer {!$Credential.OpenAI.ApiKey}", "OpenAI")]
    [InlineData("{!'User=' & $User.Id}", "User={!$User.Id}")]
    [InlineData("{!'application/json'}", "application/json")]
    [InlineData("{!('a' & $Credential.Shop.Key)}", "a{!$Credential.Shop.Key}")]
    [InlineData("{!'a' & ('b' & $Credential.Shop.Key & '-' & $User.Id) & 'c' & \"d\"}", "ab{!$Credential.Shop.Key & '-' & $User.Id}cd")]
    [InlineData("{!'at ' & TEXT(FLOOR((NOW()-DATETIMEVALUE('1970-01-01 00:00:00'))*86400))}", "at {!$Request.UnixTime}")]
    [InlineData("{!$Credential.Shop.Key & '/v1'}", "{!$Credential.Shop.Key}/v1")]
    [InlineData("{! base64encode( blob($Credential.Shop.User & ':' & $Credential.Shop.Pin) ) }", "{!BASE64ENCODE(BLOB($Credential.Shop.User & ':' & $Credential.Shop.Pin))}")]
    [InlineData("{!HEX(HASH('SHA-256',$Credential.Shop.Body))}", "{!HEX(HASH('SHA-256', $Credential.Body))}")]
    [InlineData("{!HEX(HMAC('hmacSHA256', BLOB('a'), BLOB($Credential.Shop.Key)))}", "{!HEX(HMAC('SHA-256', BLOB('a'), BLOB($Credential.Shop.Key)))}")]
    [InlineData("{!BASE64ENCODE(SIGN_WITH_CERTIFICATE('RSA-SHA512', $Credential.Shop.Body, 'my_cert'))}", "{!BASE64ENCODE(SIGN('SHA-512', $Credential.Body, $Credential.my_cert_Key))}")]
    [InlineData("{!Text(FLOOR((NOW() - DATETIMEVALUE( \"1970-01-01 00:00:00\" )) * 86400))}", "{!$Request.UnixTime}")]
    [InlineData("{!TEXT(FLOOR((NOW()-DATETIMEVALUE('1970-01-01 00:00:00'))*24*60*60*1000))}", "{!$Request.UnixTimeMs}")]
    [InlineData("{!$Credential.Shop.AccessToken}", "{!$Credential.OAuthToken}")]
    [InlineData("{!$Credential.OAuthToken}", "{!$Credential.OAuthToken}")]
    [InlineData("{!$Credential.Endpoint.URL}", "{!$Credential.Endpoint.Url}")]
    [InlineData("{!$User.Email}", "{!$User.Id}")]
    [InlineData("{!$User.Department}", "{!$Credential.Shop.User_Department}")]
    [InlineData("{!$CustomMetadata.Setting__mdt.Live.Tenant__c}", "{!$Credential.Shop.CustomMetadata_Setting_mdt_Live_Tenant_c}")]
    [InlineData("{!'it\\'s }' & \"a \\\\ b\"}", "it's }a \\ b")]
    [InlineData("{!HTMLENCODE($Credential.Password)}", "{!HTMLENCODE($Credential.Password)}")]
    public void Translate_WhatTheVaultHas_MeansTheSame(string formula, string template, string credential = "Shop")
    {
        var translation = TemplateTranslator.Translate(formula, credential == "Shop" ? Scope : Scope with { Name = credential, SourceName = credential }, "X-Test");

        Assert.Equal(template, translation.Text);
        var parsed = MergeTemplate.Parse(translation.Text);
        Assert.True(parsed.IsOk);
        Assert.Equal(formula.Contains('$', StringComparison.Ordinal) || formula.Contains('(', StringComparison.Ordinal), parsed.Value.HasFields);
    }

    [Theory]
    [InlineData("'Authorization: Bearer '&{!$Credential.Shop.Key}")]
    [InlineData("Bearer $Credential.Shop.Key")]
    public void Translate_AFormulaWithoutBraces_IsTextAndSaidToBe(string text) =>
        Assert.Contains(TemplateTranslator.Translate(text, Scope, "X-Test").Notes, note => note.StartsWith("It has $Credential, or & beside a string, outside of {!…}", StringComparison.Ordinal));

    [Theory]
    [InlineData("OAuthToken", "{!$Credential.OAuthToken_Value}")]
    [InlineData("Body", "{!$Credential.Body_Value}")]
    [InlineData("AuthorizationMethod", "{!$Credential.AuthorizationMethod}")]
    public void Translate_AParameterWithAComputedName_IsRenamedWhereItIsTheCredentialsOwn(string name, string template) =>
        Assert.Equal(template, TemplateTranslator.Translate($"{{!$Credential.{name}}}", Scope with { IsOAuth = false, Own = ["OAuthToken", "Body"] }, "X-Test").Text);

    [Fact]
    public void TranslateFormula_AStringBeforeAGlobal_StandsBeforeTheField() =>
        Assert.Equal("User={!$User.Id}", TemplateTranslator.TranslateFormula("'User='+$User.Id", Scope, target: null).Text);

    [Theory]
    [InlineData("{!IF(a, b, c)}", "a is neither a function nor a global")]
    [InlineData("{!IF($User.Id, 'b', 'c')}", "no function IF")]
    [InlineData("{!$Credential.Other.Key}", "names another external credential")]
    [InlineData("{!$Credential.Shop.Key.More}", "has too many names")]
    [InlineData("{!HASH('SHA-256', BLOB('a'))}", "HASH gives bytes where text is due")]
    [InlineData("{!HEX(HASH('SHA-3', BLOB('a')))}", "its algorithm isn't one of")]
    [InlineData("{!HEX(BLOB('a'), 'b')}", "HEX takes 1 arguments, and has 2")]
    [InlineData("{!TEXT(FLOOR((NOW() - DATETIMEVALUE('1970-01-01 00:00:00')) * 86400 + 60))}", "can't add to it")]
    [InlineData("{!1 + 1}", "no numbers")]
    [InlineData("{!'a' * 'b'}", "can't calculate")]
    [InlineData("{!$Credential.Shop.Key == 'a'}", "an operator or a sign")]
    [InlineData("{!$Credential.Shop.Key", "no closing brace")]
    [InlineData("{!'open}", "no closing brace")]
    [InlineData("{!}", "ends too early")]
    [InlineData("{!$}", "no global that Salesforce has")]
    [InlineData("a\r\nX-Injected: b", "a line break")]
    [InlineData("<!$Credential.Key>", "opens a field here")]
    [InlineData("{!'{!$Credential.Shop.Key}'}", "opens a field here")]
    [InlineData("{!'{' & '!$Credential.Shop.Key}'}", "opens a field here")]
    public void Translate_WhatTheVaultHasNot_SaysWhat(string formula, string sentence)
    {
        var refusal = Assert.Throws<FormulaException>(() => TemplateTranslator.Translate(formula, Scope, "X-Test"));

        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization", "Bearer 44c5961799f7f82a97884bc31167ba05", "Bearer {!$Credential.Shop.Header_Authorization}")]
    [InlineData("Authorization", "{!'Bearer 44c5961799f7f82a97884bc31167ba05'}", "Bearer {!$Credential.Shop.Header_Authorization}")]
    [InlineData("Authorization", "{!'Bearer ' & '44c5961799f7f82a' & '97884bc31167ba05'}", "Bearer {!$Credential.Shop.Header_Authorization}")]
    [InlineData("X-Key", "{!$User.Id & '44c5961799f7f82a97884bc31167ba05' & $User.Id}", "{!$User.Id & $Credential.Shop.Header_X_Key & $User.Id}")]
    [InlineData("Ocp-Apim-Subscription-Key", "0f1e2d3c4b5a", "{!$Credential.Shop.Header_Ocp_Apim_Subscription_Key}")]
    [InlineData("X-Partner", "pp6NsL!4eoFXR4WJE", "{!$Credential.Shop.Header_X_Partner}")]
    [InlineData("X-Api-Key", "hunter2hunter2", "{!$Credential.Shop.Header_X_Api_Key}")]
    [InlineData("Authorization", "Bearer {!$Credential.Shop.Key}", "Bearer {!$Credential.Shop.Key}")]
    [InlineData("Content-Type", "application/vnd.api+json;version=2", "application/vnd.api+json;version=2")]
    [InlineData("anthropic-version", "2023-06-01", "2023-06-01")]
    [InlineData("X-Source", "salesforce-production", "salesforce-production")]
    [InlineData("X-Callback", "https://shop.example/hooks/12345", "https://shop.example/hooks/12345")]
    public void Translate_ASecretInTheText_IsReplaced(string header, string text, string template) =>
        Assert.Equal(template, TemplateTranslator.Translate(text, Scope, header).Text);

    [Fact]
    public void Translate_AnyFormula_GivesWhatTheVaultParsesOrASentence()
    {
        string[] pieces =
        [
            "{!", "}", "'", "\"", "\\", "&", "+", "-", "*", "/", "(", ")", ",", " ", "$Credential", ".", "Shop", "Key", "Body", "$User.Id", "$User.Email", "HASH(", "HMAC(", "HEX(", "BLOB(",
            "'SHA-256'", "BASE64ENCODE(", "BASE64DECODE(", "SIGN(", "TEXT(", "FLOOR(", "NOW()", "86400", "$Label.X__c", "a", "é", "\u0001", "<!", "<!$", ">", "TRIM(", "SIGN_WITH_CERTIFICATE(",
        ];

        Gen.Int[0, pieces.Length - 1].Select(index => pieces[index]).Array[0, 14].Select(string.Concat).Sample(
            text =>
            {
                try
                {
                    var translation = TemplateTranslator.Translate(text, Scope, "X-Test");
                    var parsed = MergeTemplate.Parse(translation.Text);
                    Assert.True(parsed.IsOk && parsed.Value.HasFields == translation.Text.Contains("{!", StringComparison.Ordinal), $"{text} became {translation.Text}");
                }
                catch (FormulaException refusal)
                {
                    Assert.NotEmpty(refusal.Message);
                }
            },
            iter: 10_000);
    }

    [Fact]
    public void Of_AnyName_IsLegal() => Gen.String[0, 100].Sample(name => VaultName.IsLegal(VaultName.Of(name)), iter: 5_000);

    [Theory]
    [InlineData("sf_devops__Service", "sf_devops_Service")]
    [InlineData("Integração SAP (produção)", "Integracao_SAP_producao")]
    [InlineData("über", "uber")]
    [InlineData("cafe\u0301", "cafe")]
    [InlineData("Straße Łódź", "Strasse_Lodz")]
    [InlineData("4th Line", "N4th_Line")]
    [InlineData("___", "N")]
    [InlineData("日本", "N")]
    [InlineData("Fine_Name2", "Fine_Name2")]
    public void Of_AName_IsTheNearestLegalOne(string name, string legal) => Assert.Equal(legal, VaultName.Of(name));
}
