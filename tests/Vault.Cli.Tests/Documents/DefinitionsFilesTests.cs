using System.Text.Json.Nodes;
using Vault.Cli.Documents;
using Xunit;

namespace Vault.Cli.Tests.Documents;

public sealed class DefinitionsFilesTests : IDisposable
{
    private readonly CommandRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("apps:\n  - name: Billing\n   label: x", "vault.yaml:3:")]
    [InlineData("apps: [", "vault.yaml:2:1: Is not well-formed YAML")]
    [InlineData("apps:\n  - {name: B\nnamedCredentials: []\n", "vault.yaml:2:3: Is not well-formed YAML")]
    [InlineData("apps: !<> a", "vault.yaml:1:5: Is not well-formed YAML")]
    [InlineData("aps: []", "vault.yaml:1:1: There is no field aps here. Did you mean apps?")]
    [InlineData("apps:\n  - nme: Billing", "vault.yaml:2:5: There is no field nme here. Did you mean name?")]
    [InlineData("apps:\n  - label: Billing", "vault.yaml:2:5: The field name is missing.")]
    [InlineData("apps:\n  - name:", "vault.yaml:2:5: name needs a value.")]
    [InlineData("apps: {}", "vault.yaml:1:7: Must be a list, not an object.")]
    [InlineData("- apps", "vault.yaml:1:1: Must be an object")]
    [InlineData("apps:\n  - name: A\n    mayAssertUser: maybe", "vault.yaml:3:20: Must be true or false.")]
    [InlineData("apps:\n  - name: A\n    name: B", "vault.yaml:3:5: name stands here twice; first in line 2.")]
    [InlineData("apps:\n  - name: A\n  - name: a", "vault.yaml:3:11: a stands here twice; first at vault.yaml:2:11.")]
    [InlineData("namedCredentials:\n  - {name: A, url: u, externalCredential: E, timeoutSeconds: soon}", "Must be a whole number.")]
    [InlineData("namedCredentials:\n  - {name: A, url: u, externalCredential: E, httpVersion: 3}", "Must be one of: auto, 1.1, 2.")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: pasword}", "vault.yaml:3:32: Must be one of: none, password")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: apiKey, parametername: x}", "vault.yaml:3:40: There is no field parametername here. Did you mean parameterName?")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: none}\n    principals: [{name: default, parameters: {Password: Canary-In-File}}]", "vault.yaml:4:57: The parameter Password must be a reference")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: none}\n    principals: [{name: default, parameters: {Password: {source: corp, secrt: x}}}]", "There is no field secrt here. Did you mean secret?")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: none}\n    principals: [{name: default, parameters: {Password: [Canary]}}]", "vault.yaml:4:57: Must be a text or an object, not a list.")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: jwt, claims: {n: 1e2147483648}}", "vault.yaml:3:49: Is a number that is too large")]
    [InlineData("externalCredentials:\n  - name: A\n    authentication: {protocol: jwt, claims: {n: [1e-99999999999]}}", "vault.yaml:3:50: Is a number that is too large")]
    [InlineData("a: &x [*x]", "There is no anchor x before this.")]
    public void Read_AMistake_IsToldWithLineAndColumn(string yaml, string message)
    {
        _run.Write("vault.yaml", yaml);

        var failure = Assert.Throws<CommandFailure>(() => Read("vault.yaml"));

        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Canary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TakesTextsAsTheyAreWritten()
    {
        _run.Write("vault.yaml", """
            namedCredentials:
              - {name: A, url: "https://a.example", externalCredential: E, httpVersion: 1.1, label: 007, description: yes, timeoutSeconds: 5, enabled: false}
            externalCredentials:
              - name: E
                authentication: {protocol: login, lifetimeSeconds: 60, refreshOn: [401, "500"], steps: []}
            """);

        var json = Read("vault.yaml").Json;

        Assert.Equal(
            """{"name":"A","url":"https://a.example","externalCredential":"E","httpVersion":"1.1","label":"007","description":"yes","timeoutSeconds":5,"enabled":false}""",
            json["namedCredentials"]![0]!.ToJsonString());
        Assert.Equal("""{"protocol":"login","lifetimeSeconds":60,"refreshOn":[401,"500"],"steps":[]}""", json["externalCredentials"]![0]!["authentication"]!.ToJsonString());
    }

    [Fact]
    public void Read_AnOverlay_MergesByName_AndNullTakesAway()
    {
        _run.Write("vault.yaml", """
            externalCredentials:
              - name: Login
                label: Test login
                authentication: {protocol: apiKey, in: header, parameterName: X-Key}
                allowedHosts: [test.example]
            namedCredentials:
              - {name: Service, url: "https://test.example", externalCredential: Login, timeoutSeconds: 5}
              - {name: Other, url: "https://other.example", externalCredential: Login}
            """);
        _run.Write("vault.prod.yaml", """
            externalCredentials:
              - {name: login, label: null, authentication: {parameterName: X-Prod}, allowedHosts: [prod.example]}
            namedCredentials:
              - {name: Service, url: "https://prod.example"}
              - {name: More, url: "https://more.example", externalCredential: Login}
            """);

        var json = Read("vault.yaml", "prod").Json;

        Assert.Equal(
            """[{"name":"login","authentication":{"protocol":"apiKey","in":"header","parameterName":"X-Prod"},"allowedHosts":["prod.example"]}]""", json["externalCredentials"]!.ToJsonString());
        Assert.Equal(["Service", "Other", "More"], json["namedCredentials"]!.AsArray().Select(one => (string)one!["name"]!));
        Assert.Equal(("https://prod.example", 5L), ((string)json["namedCredentials"]![0]!["url"]!, (long)json["namedCredentials"]![0]!["timeoutSeconds"]!));
        var failure = Assert.Throws<CommandFailure>(() => Read("vault.yaml", "staging"));
        Assert.Contains("vault.staging.yaml", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ADirectory_IsOneDocument_WithoutTheOverlaysOfOthers()
    {
        _run.Write("defs/a.yaml", "apps: [{name: A}]");
        _run.Write("defs/b.yml", "apps: [{name: B}]\n---\napps: [{name: C}]\n---\n");
        _run.Write("defs/a.prod.yaml", "apps: [{name: A, label: Prod}]");
        _run.Write("defs/notes.txt", "none");

        Assert.Equal("""[{"name":"A"},{"name":"B"},{"name":"C"}]""", Read("defs").Json["apps"]!.ToJsonString());
        Assert.Equal("""[{"name":"A","label":"Prod"},{"name":"B"},{"name":"C"}]""", Read("defs", "prod").Json["apps"]!.ToJsonString());
    }

    [Fact]
    public void Read_ABombOfAliases_IsRefused()
    {
        var yaml = "a: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 8).Select(level => $"b{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 10))}]\n"));
        _run.Write("vault.yaml", yaml);

        Assert.Contains("too much", Assert.Throws<CommandFailure>(() => Read("vault.yaml")).Message, StringComparison.Ordinal);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void Read_ADirectoryWithANamedPipe_LeavesItOutAndSaysSo()
    {
        _run.Write("all/a.yaml", "apps: [{name: A}]");
        _run.Write("all/a.prod.yaml", "apps: [{name: A, label: L}]");
        Pipe("all/b.yaml");
        Pipe("all/secret");
        _run.Write("all/c.yaml", "externalCredentials: [{name: E, authentication: {protocol: none}, principals: [{name: p, parameters: {A: '${file:secret}'}}]}]");
        using var said = new StringWriter();
        var surroundings = TestSurroundings.In(_run.Directory, said);

        var read = DefinitionsFiles.Read(["all"], null, surroundings);

        Assert.Equal("A", (string?)read.Json["apps"]!.AsArray().Single()!["name"]);
        Assert.Equal(Path.Combine("all", "b.yaml") + " is no regular file; it is left out." + Environment.NewLine, said.ToString());
        Assert.Contains("it is no regular file", Assert.Throws<CommandFailure>(() => read.Resolve(surroundings, null)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(_run.Directory, "all/a.prod.yaml"));
        Pipe("all/a.prod.yaml");
        Assert.Contains("a.prod.yaml is no regular file", Assert.Throws<CommandFailure>(() => DefinitionsFiles.Read(["all/a.yaml"], "prod", surroundings)).Message, StringComparison.Ordinal);
    }

    private void Pipe(string name)
    {
        using var made = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(_run.Directory, name)]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Schema_AgreesWithTheReader(string yaml, bool isGood)
    {
        var schema = global::Json.Schema.JsonSchema.FromText(DocumentSchema.Text);
        var errors = new DocumentErrors();
        var node = YamlFile.Read(yaml, "x.yaml").Single();
        _ = new DocumentReader(errors).Read(node);
        var isRead = Record.Exception(errors.Throw) is null;

        Assert.Equal(isGood, isRead);
        Assert.Equal(isGood, schema.Evaluate(System.Text.Json.JsonSerializer.SerializeToElement(Plain(node))).IsValid);
    }

    public static TheoryData<string, bool> Samples => new()
    {
        { "apps: []", true },
        { "apps: null", true },
        { "apps: [{name: A, grants: [{namedCredential: N, principals: ['*']}]}]", true },
        { "apps: [{name: A, grant: []}]", false },
        { "apps: [{label: A}]", false },
        { "externalCredentials: [{name: A, authentication: {protocol: password}, principals: [{name: p, type: perUser, sequence: 3, parameters: {A: '${prompt}', B: null}}]}]", true },
        { "externalCredentials: [{name: A, authentication: {protocol: bearer}, principals: [{name: p, parameters: {Token: {source: corp, secret: kv/a, field: token, version: '3'}}}]}]", true },
        { "externalCredentials: [{name: A, authentication: {protocol: bearer}, principals: [{name: p, parameters: {Token: {source: corp, path: kv/a}}}]}]", false },
        { "externalCredentials: [{name: A, authentication: {protocol: bearer}, principals: [{name: p, parameters: {Token: {source: corp}}}]}]", false },
        { "externalCredentials: [{name: A, authentication: {protocol: oauth2, grant: clientCredentials, tokenUrl: 'https://t', tokenParameters: {a: b}}}]", true },
        { "externalCredentials: [{name: A, authentication: {protocol: oauth2, tokenUri: 'https://t'}}]", false },
        { "externalCredentials: [{name: A, authentication: {}}]", false },
        { "externalCredentials: [{name: A, authentication: {protocol: telepathy}}]", false },
        { "externalCredentials: [{name: A}]", false },
        { "externalCredentials: [{name: A, authentication: {protocol: none}, principals: [{name: p, type: shared}]}]", false },
        { "namedCredentials: [{name: A, url: u, externalCredential: E, enabled: false, maxRequestBytes: 5, rateLimit: {permits: 3}, clientCertificate: {pkcs12: P}, allowedRequests: [{methods: [GET], path: /x}]}]", true },
        { "namedCredentials: [{name: A, url: u, externalCredential: E, customHeaders: [{name: X, value: y}]}]", true },
        { "namedCredentials: [{name: A, url: u, externalCredential: E, customHeaders: [{name: X, valu: y}]}]", false },
        { "namedCredentials: [{name: A, url: u, externalCredential: E, timeoutSeconds: soon}]", false },
        { "namedCredentials: [{name: A, url: u, externalCredential: E, authentication: {protocol: none}}]", false },
        { "more: 1", false },
    };

    [Fact]
    public void Schema_IsTheCommittedOne()
    {
        var path = Vault.Testing.RepositoryFiles.PathOf("docs/vault.schema.json");
        if (Environment.GetEnvironmentVariable("UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(path, DocumentSchema.Text);
        }

        Assert.Equal(File.ReadAllText(path), DocumentSchema.Text);
    }

    private DefinitionsFiles Read(string path, string? environment = null)
    {
        var surroundings = TestSurroundings.In(_run.Directory);
        return DefinitionsFiles.Read([path], environment, surroundings);
    }

    private static JsonNode? Plain(DocumentNode node) => node switch
    {
        MappingNode mapping => new JsonObject(mapping.Entries.Select(entry => KeyValuePair.Create(entry.Name, Plain(entry.Value)))),
        SequenceNode sequence => new JsonArray([.. sequence.Items.Select(Plain)]),
        ScalarNode { IsPlain: true } plain => YamlScalars.ToJson(plain.Text),
        ScalarNode scalar => scalar.Text,
        _ => throw new InvalidOperationException(),
    };
}
