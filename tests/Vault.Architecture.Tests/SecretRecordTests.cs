using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Vault.Architecture.Tests;

/// <summary>A record writes all its properties into its text form, and text forms end in logs: one that holds a secret as text has a form of its own.</summary>
public sealed partial class SecretRecordTests
{
    // Names and references, not values; texts that admins and callers may read anyway.
    private static readonly string[] NoSecrets =
    [
        "Vault.Core.Storage.Codec.CustomHeaderDocument", "Vault.Core.Storage.Codec.ClientCertificateDocument", "Vault.Core.Primitives.VaultError",
        "Vault.Core.Definitions.ClientCertificateNames", "Vault.Core.Callouts.Trials.TrialFailure", "Vault.Core.Authentication.SignIns.MaskedHeader",
        "Vault.Core.Audit.AuditEvent", "Vault.Core.Administration.Definitions.CustomHeaderContract", "Vault.Core.Administration.Definitions.ClientCertificateContract",
        "Vault.Core.Access.Issuers.ClaimMapping", "Vault.Api.AdminHttp.ListAnswer`1", "Vault.Api.Admin.Audit.AuditItem",
    ];

    [Fact]
    public void Records_WithSecrets_DontWriteThem()
    {
        var telling = new[] { typeof(Core.Primitives.DeveloperName).Assembly, typeof(Program).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) is not null)
            .Where(type => type.GetMethod("ToString", Type.EmptyTypes)!.GetCustomAttribute<CompilerGeneratedAttribute>() is not null)
            .Where(type => type.GetProperties().Any(property => (property.PropertyType == typeof(string) || property.PropertyType == typeof(byte[])) && Telling().IsMatch(property.Name)))
            .Select(type => type.FullName!)
            .Except(NoSecrets);
        Assert.True(!telling.Any(), string.Join("\n", telling));
    }

    [GeneratedRegex("Secret|Password|PrivateKey|ApiKey|Token$|^Key$|ConnectionString|Plaintext|Assertion|Verifier|^Value$|^Code$|Authorization|^State$")]
    private static partial Regex Telling();
}
