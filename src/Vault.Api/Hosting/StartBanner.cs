namespace Vault.Api.Hosting;

/// <summary>What a person sees when the vault has started. Written to the console and never through the logger: it may hold a key.</summary>
internal static class StartBanner
{
    /// <summary>Prints where the vault listens and, once, a key that was just made, with commands to begin with.</summary>
    /// <param name="addresses">Where it listens.</param>
    /// <param name="forwardProxy">Where the forward proxy listens; null: there is none.</param>
    /// <param name="newAdminKey">The key that was made; null where there was one.</param>
    /// <param name="hasSwagger">Whether Swagger UI is served.</param>
    public static void Print(ICollection<string> addresses, Uri? forwardProxy, string? newAdminKey, bool hasSwagger)
    {
        var url = addresses.FirstOrDefault()?.Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal);
        var output = Console.Out;
        output.WriteLine();
        output.WriteLine($"  The vault listens on {string.Join(" and ", addresses)}");
        if (hasSwagger)
        {
            output.WriteLine($"  Swagger UI           {url}/swagger");
        }

        if (forwardProxy is not null)
        {
            output.WriteLine($"  Forward proxy        {forwardProxy.AbsoluteUri.TrimEnd('/')}, to be trusted: {url}/api/v1/forward-proxy/ca.pem");
        }

        if (newAdminKey is not null)
        {
            PrintKey(newAdminKey);
            output.WriteLine("  Try it:");
            output.WriteLine();
            output.WriteLine($"    curl -H \"X-Vault-Key: $VAULT_KEY\" {url}/api/v1/named-credentials");
            output.WriteLine($"    curl -H \"X-Vault-Key: $VAULT_KEY\" -H 'Content-Type: application/json' -d '{{\"name\":\"Example\"}}' {url}/api/v1/apps");
            output.WriteLine($"    curl -H \"X-Vault-Key: $VAULT_KEY\" -H 'Content-Type: application/json' -d '{{\"name\":\"Example\",\"url\":\"https://service.example\",\"authentication\":{{\"protocol\":\"bearer\",\"token\":\"the token\"}}}}' {url}/api/v1/named-credentials");
        }

        output.WriteLine();
        output.Flush();
    }

    /// <summary>Prints a key that was just made, as the command that keeps it for the ones to try.</summary>
    public static void PrintKey(string newAdminKey)
    {
        var output = Console.Out;
        output.WriteLine();
        output.WriteLine("  Your admin key, shown this once and stored only as a hash:");
        output.WriteLine();
        output.WriteLine($"    export VAULT_KEY={newAdminKey}");
        output.WriteLine();
        output.Flush();
    }
}
