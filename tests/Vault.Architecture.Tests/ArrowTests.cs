using ArchUnitNET.Loader;
using ArchUnitNET.xUnit;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Vault.Architecture.Tests;

/// <summary>The arrows between folders, as docs/architecture.md draws them; anything else fails here.</summary>
public sealed class ArrowTests
{
    private static readonly ArchUnitNET.Domain.Architecture Code = new ArchLoader()
        .LoadAssemblies(typeof(Core.Primitives.DeveloperName).Assembly, typeof(Program).Assembly)
        .Build();

    private static readonly string[] Features =
    [
        "Primitives", "MergeFields", "JsonPaths", "Redaction", "Secrets", "Access", "Egress", "Definitions", "Authentication", "Callouts", "Storage", "Administration", "Audit", "ForwardProxy",
    ];

    public static TheoryData<string, string[]> Arrows => new()
    {
        { "Primitives", [] },
        { "MergeFields", ["Primitives"] },
        { "JsonPaths", ["Primitives"] },
        { "Redaction", ["Primitives"] },
        { "Secrets", ["Primitives"] },
        { "Access", ["Primitives", "Secrets", "Egress"] },
        { "Egress", ["Primitives"] },
        { "Audit", ["Primitives", "Secrets"] },
        { "Definitions", ["Primitives", "MergeFields"] },
        { "Authentication", ["Primitives", "MergeFields", "JsonPaths", "Definitions", "Secrets", "Egress", "Audit", "Redaction"] },
        { "Callouts", ["Primitives", "MergeFields", "Redaction", "Definitions", "Secrets", "Egress", "Authentication", "Access", "Audit"] },
        { "ForwardProxy", ["Primitives", "Secrets", "Definitions", "Access", "Callouts", "Audit"] },
        { "Storage", ["Primitives", "Definitions", "MergeFields", "Access", "Secrets", "Authentication", "Audit", "ForwardProxy"] },
    };

    [Theory]
    [MemberData(nameof(Arrows))]
    public void Feature_DependsOnlyOnItsArrows(string feature, string[] arrows)
    {
        foreach (var other in Features.Except(arrows).Where(other => other != feature))
        {
            Types().That().ResideInNamespaceMatching($@"^Vault\.Core\.{feature}(\..*)?$")
                .Should().NotDependOnAny(Types().That().ResideInNamespaceMatching($@"^Vault\.Core\.{other}(\..*)?$"))
                .WithoutRequiringPositiveResults()
                .Check(Code);
        }
    }

    [Fact]
    public void Every_Folder_HasItsArrows()
    {
        var folders = Code.Namespaces
            .Select(space => space.FullName.Split('.'))
            .Where(parts => parts is ["Vault", "Core", _, ..])
            .Select(parts => parts[2])
            .ToHashSet();
        Assert.Subset(Features.ToHashSet(), folders);
    }

    [Theory]
    [InlineData(@"^Vault\.Core\.Authentication\.Protocols\.(\w+)$")]
    [InlineData(@"^Vault\.Core\.Secrets\.MasterKeys\.(\w+)$")]
    [InlineData(@"^Vault\.Api\.Admin\.(\w+)$")]
    public void Siblings_NeverDependOnEachOther(string pattern)
    {
        var siblings = Code.Namespaces.Select(space => space.FullName).Where(name => System.Text.RegularExpressions.Regex.IsMatch(name, pattern)).ToArray();
        foreach (var one in siblings)
        {
            foreach (var other in siblings.Where(other => other != one))
            {
                Types().That().ResideInNamespace(one).Should().NotDependOnAny(Types().That().ResideInNamespace(other))
                    .WithoutRequiringPositiveResults().Check(Code);
            }
        }
    }

    [Fact]
    public void EntityFramework_StaysInStorageAndAdministration() =>
        Only(@"^Microsoft\.EntityFrameworkCore", @"^Vault\.Core\.(Storage|Administration)(\..*)?$");

    [Fact]
    public void Yarp_StaysInCallouts() => Only(@"^Yarp\.", @"^Vault\.Api\.Callouts(\..*)?$");

    [Fact]
    public void DataProtection_StaysInSecretsAndStorage() =>
        Only(@"^Microsoft\.AspNetCore\.DataProtection", @"^Vault\.Core\.(Secrets|Storage)(\..*)?$");

    [Fact]
    public void Core_HasNoWebServerInIt() => Only(@"^Microsoft\.AspNetCore\.(Http|Builder|Routing|Server)", @"^Vault\.Api(\..*)?$");

    [Fact]
    public void AdminAndCallouts_OfTheApi_DontKnowEachOther()
    {
        Neither("Admin", "Callouts");
        Neither("Callouts", "Admin");

        static void Neither(string one, string other) =>
            Types().That().ResideInNamespaceMatching($@"^Vault\.Api\.{one}(\..*)?$")
                .Should().NotDependOnAny(Types().That().ResideInNamespaceMatching($@"^Vault\.Api\.{other}(\..*)?$"))
                .WithoutRequiringPositiveResults().Check(Code);
    }

    [Fact]
    public void Names_SayTheRole()
    {
        string[] banned = ["Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Base", "Impl", "Info", "Data", "Service"];
        var bad = Code.Types
            .Where(type => type.FullName.StartsWith("Vault.", StringComparison.Ordinal) && !type.FullName.Contains("Migrations", StringComparison.Ordinal))
            .Where(type => banned.Any(suffix => type.Name.EndsWith(suffix, StringComparison.Ordinal)))
            .Select(type => type.FullName);
        Assert.Empty(bad);
    }

    // External types carry no dependencies of their own in the model, so the question is put to ours.
    private static void Only(string external, string allowed)
    {
        var outside = Code.Types
            .Where(type => type.FullName.StartsWith("Vault.", StringComparison.Ordinal) && !System.Text.RegularExpressions.Regex.IsMatch(type.Namespace.FullName, allowed))
            .Where(type => type.Dependencies.Any(dependency => System.Text.RegularExpressions.Regex.IsMatch(dependency.Target.FullName, external)))
            .Select(type => type.FullName);
        Assert.Empty(outside);
    }
}
