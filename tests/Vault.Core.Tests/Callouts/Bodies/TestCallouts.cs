using Vault.Core.Callouts;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;

namespace Vault.Core.Tests.Callouts.Bodies;

/// <summary>Callouts under way, of nobody in particular.</summary>
internal static class TestCallouts
{
    /// <summary>Makes one.</summary>
    /// <param name="flush">Sends the head of the answer to the caller; null: nobody asks for that.</param>
    public static Callout New(Func<object?, CancellationToken, ValueTask>? flush = null)
    {
        var authenticating = new Authenticating();
        var external = authenticating.Bind("""{ "protocol": "none" }""", "service.example");
        var named = new NamedCredential
        {
            Id = Guid.NewGuid(),
            Name = DeveloperName.Parse("Service"),
            Url = MergeTemplate.Parse("https://service.example").Value!,
            ExternalCredentialId = external.Definition.Id,
            Version = 1,
            CreatedAt = default,
            UpdatedAt = default,
        };
        var request = new CalloutRequest { Id = "id", Method = "GET", Path = "", Headers = [], FlushHead = flush };
        return new Callout(
            request, new AdmittedCallout(named, external, external.Definition.Principals[0], "", null), CalloutPlan.For(named, external), authenticating.Set(external), new IdleTimers(authenticating.Time), default);
    }
}
