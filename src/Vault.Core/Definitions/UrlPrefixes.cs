using System.Collections.Immutable;

namespace Vault.Core.Definitions;

/// <summary>Which part of a service a named credential is for.</summary>
/// <param name="NamedCredential">Its name key.</param>
/// <param name="Path">The path of its <c>url</c>, as written: empty, or beginning with <c>/</c>. Null: fields are in it, and what they will hold can't be told from a request.</param>
public readonly record struct UrlPrefix(string NamedCredential, string? Path);

/// <summary>Named credentials by the origin of their <c>url</c>. Immutable; a change costs as much as one origin has.</summary>
internal sealed class UrlPrefixes
{
    private readonly ImmutableDictionary<string, ImmutableArray<UrlPrefix>> _byOrigin;

    private UrlPrefixes(ImmutableDictionary<string, ImmutableArray<UrlPrefix>> byOrigin) => _byOrigin = byOrigin;

    /// <summary>Of all of them.</summary>
    public static UrlPrefixes Of(IEnumerable<NamedCredential> credentials) => new(credentials
        .Select(credential => (Origin: OriginOf(credential), Prefix: PrefixOf(credential)))
        .GroupBy(entry => entry.Origin, entry => entry.Prefix, StringComparer.Ordinal)
        .ToImmutableDictionary(group => group.Key, group => group.ToImmutableArray(), StringComparer.Ordinal));

    /// <summary>Those of an origin, as <see cref="UrlOrigin.KeyOf(Uri)"/> writes it, in no order.</summary>
    public ImmutableArray<UrlPrefix> At(string origin) => _byOrigin.GetValueOrDefault(origin, []);

    /// <summary>With one more.</summary>
    public UrlPrefixes With(NamedCredential credential)
    {
        var origin = OriginOf(credential);
        return new UrlPrefixes(_byOrigin.SetItem(origin, At(origin).Add(PrefixOf(credential))));
    }

    /// <summary>Without one of them.</summary>
    public UrlPrefixes Without(NamedCredential credential)
    {
        var origin = OriginOf(credential);
        var rest = At(origin).Remove(PrefixOf(credential));
        return new UrlPrefixes(rest.IsEmpty ? _byOrigin.Remove(origin) : _byOrigin.SetItem(origin, rest));
    }

    private static string OriginOf(NamedCredential credential) => UrlOrigin.KeyOf(new Uri(UrlOrigin.Cut(credential.Url.Text)));

    private static UrlPrefix PrefixOf(NamedCredential credential)
    {
        var rest = credential.Url.Text.AsSpan(UrlOrigin.Cut(credential.Url.Text).Length);
        var end = rest.IndexOf('?');
        var path = end < 0 ? rest : rest[..end];
        var hasFields = credential.Url.HasFields && (path.Contains("{!", StringComparison.Ordinal) || path.Contains("<!", StringComparison.Ordinal));
        return new UrlPrefix(credential.Name.Key, hasFields ? null : path.ToString());
    }
}
