using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>
/// The entity tag of what a document is compared with: all definitions, apps and grants, and which secrets are set of the external credentials that
/// it names. Ids and versions go into it, never a value, so it is the same on all replicas and tells nothing.
/// </summary>
internal static class StateTag
{
    /// <summary>The tag of what is there when the change begins.</summary>
    public static async Task<string> OfAsync(Draft draft, DefinitionSet set, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (defined, known) = (draft.Definitions, draft.Access);
        foreach (var external in defined.ExternalCredentials.Values.OrderBy(one => one.Id))
        {
            Add(hash, external.Id, external.Version);
        }

        Add(hash, Guid.Empty, 1);
        foreach (var named in defined.NamedCredentials.Values.OrderBy(one => one.Id))
        {
            Add(hash, named.Id, named.Version);
        }

        Add(hash, Guid.Empty, 2);
        foreach (var app in known.Apps.Values.OrderBy(one => one.Id))
        {
            Add(hash, app.Id, app.Version);
        }

        Add(hash, Guid.Empty, 3);
        foreach (var grant in known.Grants.Values.OrderBy(one => one.AppId).ThenBy(one => one.NamedCredentialId))
        {
            Add(hash, grant.AppId, grant.Principals.Length);
            Add(hash, grant.NamedCredentialId, 0);
            foreach (var principal in grant.Principals)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(principal + "\n"));
            }
        }

        Add(hash, Guid.Empty, 4);
        foreach (var id in await SecretsAsync(draft, set, cancellationToken))
        {
            Add(hash, id, 0);
        }

        return $"\"{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16))}\"";
    }

    // A value that is set anew is a row of its own, so its id says enough; of users, only whether any has some.
    private static async Task<List<Guid>> SecretsAsync(Draft draft, DefinitionSet set, CancellationToken cancellationToken)
    {
        var ids = (set.ExternalCredentials ?? [])
            .Select(entry => DeveloperName.TryParse(entry?.Name, out var name) && draft.Definitions.ExternalCredentialNames.TryGetValue(name.Value, out var known) ? known.Id : (Guid?)null)
            .OfType<Guid>().Distinct().ToArray();
        if (ids.Length == 0)
        {
            return [];
        }

        var rows = draft.Database.Secrets.Where(row => row.RetiredAt == null && ids.Contains(row.ExternalCredentialId));
        var own = await rows.Where(row => row.User == "").Select(row => row.Id).ToListAsync(cancellationToken);
        var users = await rows.Where(row => row.User != "").Select(row => row.PrincipalId).Distinct().ToListAsync(cancellationToken);
        return [.. own.Order(), .. users.Order()];
    }

    private static void Add(IncrementalHash hash, Guid id, long version)
    {
        Span<byte> bytes = stackalloc byte[24];
        _ = id.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], version);
        hash.AppendData(bytes);
    }
}
