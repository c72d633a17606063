using Vault.Core.Definitions;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Credentials;

/// <summary>
/// Hash of what decides where secrets may go: protocol, allowed hosts, and scheme, host and port of every token and step URL.
/// Secrets are sealed to it, so that an edit of these in the database makes them unreadable.
/// </summary>
public static class CredentialBinding
{
    private const string Label = "cv.binding.v1";

    /// <summary>The 32 bytes for a definition.</summary>
    public static byte[] Hash(ExternalCredential credential, IBoundAuthentication authentication)
    {
        var message = LengthPrefixed.Begin(Label).Add(credential.Protocol);
        if (credential.AllowedHosts is { } hosts)
        {
            var entries = hosts
                .Select(host => $"{host.Scheme}://{(host.IsWildcard ? "*." : "")}{host.Host}:{host.Port}")
                .Order(StringComparer.Ordinal).ToArray();
            message.Add(entries.Length);
            foreach (var entry in entries)
            {
                message.Add(entry);
            }
        }
        else
        {
            message.Add(-1L);
        }

        foreach (var url in authentication.TokenUrls.Select(url => $"{url.Scheme}://{url.IdnHost}:{url.Port}").Order(StringComparer.Ordinal))
        {
            message.Add(url);
        }

        return message.Sha256();
    }
}
