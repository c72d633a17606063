using Vault.Core.Access;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.ForwardProxy;

/// <summary>Finds the named credential that a request to a service's own URL is for, among those that its caller was granted.</summary>
public sealed class ForwardedRequests(DefinitionCatalog definitions, AccessCatalog access, IDefinitionReading reading)
{
    // One answer whether there is none or it isn't granted: it must not tell which exist.
    private static readonly VaultError NotGranted =
        new(ErrorCodes.CalloutNotGranted, "No named credential that was granted to this caller leads to this URL, so the forward proxy doesn't go there.");

    /// <summary>
    /// Whether anything that was granted to the caller leads to this host and port, by whatever scheme; also where its path holds fields, so
    /// that no request can be found to be for it: what has a secret of the vault is never handed on unread. <c>storage-unavailable</c> as long as
    /// not all named credentials are known: one that isn't may be the one.
    /// </summary>
    public ValueTask<Result<bool>> LeadsAsync(Caller caller, string host, int port, CancellationToken cancellationToken) => reading.OfAllAsync(
        () => ValueTask.FromResult(IsGrantedAny(caller, UrlOrigin.KeyOf(Uri.UriSchemeHttps, host, port)) || IsGrantedAny(caller, UrlOrigin.KeyOf(Uri.UriSchemeHttp, host, port))),
        cancellationToken);

    /// <summary>
    /// The named credential whose <c>url</c> is the longest beginning of what is asked for, cut where segments end, and what remains:
    /// the path as a callout by name would have it. Of two with one url, the first by name. Or <c>callout-not-granted</c>; <c>storage-unavailable</c>
    /// as long as not all named credentials are known.
    /// </summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="origin">As <see cref="UrlOrigin.KeyOf(Uri)"/> writes it.</param>
    /// <param name="path">The raw path, from its <c>/</c> on; compared byte by byte.</param>
    /// <param name="query">The raw query, or null.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async ValueTask<Result<CalloutTarget>> FindAsync(Caller caller, string origin, string path, string? query, CancellationToken cancellationToken)
    {
        var found = await reading.OfAllAsync(() => ValueTask.FromResult(Find(caller, origin, path, query)), cancellationToken);
        return found.IsOk ? found.Value : found.Error;
    }

    private Result<CalloutTarget> Find(Caller caller, string origin, string path, string? query)
    {
        if (caller.AppId is not { } app)
        {
            return NotGranted;
        }

        var snapshot = definitions.Current;
        var grants = access.Current.Grants;
        NamedCredential? best = null;
        UrlPrefix chosen = default;
        var kept = "";
        foreach (var prefix in snapshot.At(origin))
        {
            if (prefix.Path is { } covered && Covers(covered, path)
                && (best is null || covered.Length > kept.Length
                    || (covered.Length == kept.Length && string.CompareOrdinal(prefix.NamedCredential, chosen.NamedCredential) < 0))
                && snapshot.NamedCredentials.TryGetValue(prefix.NamedCredential, out var named)
                && grants.ContainsKey((app, named.Id)))
            {
                (best, chosen, kept) = (named, prefix, covered);
            }
        }

        return best is null ? NotGranted : new CalloutTarget(best.Name, path[Kept(kept)..], query) { FoundBy = best };
    }

    // `/api` covers /api, /api/ and /api/x, and never /apix; `/api/` covers what begins with it.
    private static bool Covers(string prefix, string path) =>
        path.StartsWith(prefix, StringComparison.Ordinal)
        && (prefix.EndsWith('/') || path.Length == prefix.Length || path[prefix.Length] == '/');

    // A slash at the end of the url is dropped where the two are joined, so the rest begins with it.
    private static int Kept(string prefix) => prefix.EndsWith('/') ? prefix.Length - 1 : prefix.Length;

    private bool IsGrantedAny(Caller caller, string origin)
    {
        if (caller.AppId is not { } app)
        {
            return false;
        }

        var snapshot = definitions.Current;
        var grants = access.Current.Grants;
        foreach (var prefix in snapshot.At(origin))
        {
            if (snapshot.NamedCredentials.TryGetValue(prefix.NamedCredential, out var named) && grants.ContainsKey((app, named.Id)))
            {
                return true;
            }
        }

        return false;
    }
}
