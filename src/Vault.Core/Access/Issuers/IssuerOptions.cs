using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>The settings under <c>Vault:Issuers</c>, read and checked; docs/issuers.md says what each is for.</summary>
/// <param name="Issuers">None, by default.</param>
public sealed record IssuerOptions(ImmutableArray<JwtIssuer> Issuers)
{
    /// <summary>The name of the section.</summary>
    public const string Section = "Vault:Issuers";

    private const int MostSkewSeconds = 300;
    private const int DefaultSkewSeconds = 30;

    private static readonly string[] Known =
    [
        "Name", "Issuer", "Authority", "JwksUrl", "Jwks", "JwksFile", "Audience", "Algorithms", "ClockSkewSeconds", "SubjectClaim", "UserPrefix", "Mappings",
    ];

    private static readonly string[] Asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">All settings.</param>
    /// <param name="allowHttp">Whether keys may be fetched without TLS (<c>Vault:Egress:AllowHttp</c>).</param>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static IssuerOptions Read(IConfiguration configuration, bool allowHttp)
    {
        var section = configuration.GetSection(Section);
        var errors = new List<string>();
        if (!string.IsNullOrWhiteSpace(section.Value))
        {
            errors.Add($"{Section} must be a list of issuers ({Section}:0:Name and so on).");
        }

        var read = section.GetChildren().Select(entry => (Entry: entry, Issuer: ReadOne(configuration, entry, allowHttp, errors))).ToArray();
        JwtIssuer[] issuers = [.. read.Select(one => one.Issuer).OfType<JwtIssuer>()];
        AddDoubles(issuers.Select(issuer => issuer.Name), "Name", errors, StringComparer.OrdinalIgnoreCase);
        AddDoubles(issuers.Select(issuer => issuer.Issuer), "Issuer", errors, StringComparer.Ordinal);
        if (issuers.Count(MapsToApps) > 1)
        {
            // Two issuers may know two people by one name.
            foreach (var (entry, _) in read.Where(one => one.Issuer is { } issuer && MapsToApps(issuer) && one.Entry["UserPrefix"] is null))
            {
                errors.Add($"{entry.Path}:UserPrefix must be set where several issuers map to apps: it keeps apart users whom they know by the same name (empty, where they are the same).");
            }
        }

        return errors.Count == 0 ? new IssuerOptions([.. issuers]) : throw new OptionsValidationException(Section, typeof(IssuerOptions), errors);
    }

    private static bool MapsToApps(JwtIssuer issuer) => issuer.Mappings.Any(mapping => mapping.Role is null);

    private static void AddDoubles(IEnumerable<string> values, string setting, List<string> errors, StringComparer comparer)
    {
        foreach (var twice in values.GroupBy(value => value, comparer).Where(group => group.Count() > 1))
        {
            errors.Add($"{Section}: two entries have the {setting} '{twice.Key}'.");
        }
    }

    private static JwtIssuer? ReadOne(IConfiguration configuration, IConfigurationSection entry, bool allowHttp, List<string> errors)
    {
        var before = errors.Count;
        AddUnknown(entry, Known, errors);
        var name = entry["Name"] ?? "";
        if (!DeveloperName.TryParse(name, out _))
        {
            errors.Add($"{entry.Path}:Name {DeveloperName.Rule}.");
        }

        var authority = ReadUrl(entry, "Authority", allowHttp, errors);
        var jwksUrl = ReadUrl(entry, "JwksUrl", allowHttp, errors);
        var fixedKeys = ReadKeys(entry, errors);
        string[] sources = ["Authority", "JwksUrl", "Jwks", "JwksFile"];
        if (sources.Count(source => !string.IsNullOrEmpty(entry[source])) != 1)
        {
            errors.Add($"{entry.Path} needs exactly one of Authority, JwksUrl, Jwks and JwksFile: where its keys come from.");
        }

        var issuer = entry["Issuer"] is { Length: > 0 } given ? given : entry["Authority"];
        if (string.IsNullOrEmpty(issuer))
        {
            errors.Add($"{entry.Path}:Issuer must be what the tokens have as iss.");
        }

        var audiences = SettingList.Read(configuration, entry.Path + ":Audience", entriesHoldCommas: true) ?? [];
        if (audiences.Count == 0)
        {
            errors.Add($"{entry.Path}:Audience must be what the tokens have as aud: without it a token for somebody else would do.");
        }

        var named = SettingList.Read(configuration, entry.Path + ":Algorithms", entriesHoldCommas: true);
        var algorithms = named ?? [];
        if (named is { Count: 0 })
        {
            errors.Add($"{entry.Path}:Algorithms is empty; name those that are allowed, or leave it out.");
        }

        foreach (var unknown in algorithms.Except(Asymmetric, StringComparer.Ordinal))
        {
            errors.Add($"{entry.Path}:Algorithms: '{unknown}' is none of {string.Join(", ", Asymmetric)}.");
        }

        var skew = DefaultSkewSeconds;
        if (entry["ClockSkewSeconds"] is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out skew) || skew > MostSkewSeconds))
        {
            errors.Add($"{entry.Path}:ClockSkewSeconds must be from 0 to {MostSkewSeconds}.");
        }

        var prefix = entry["UserPrefix"] ?? "";
        if (prefix.Length > 0 && !UserName.IsLegal(prefix + "x"))
        {
            errors.Add($"{entry.Path}:UserPrefix must be printable ASCII.");
        }

        ImmutableArray<ClaimMapping> mappings = [.. entry.GetSection("Mappings").GetChildren().Select(mapping => ReadMapping(mapping, errors)).OfType<ClaimMapping>()];
        if (!entry.GetSection("Mappings").GetChildren().Any())
        {
            errors.Add($"{entry.Path}:Mappings must say what its tokens stand for, as in Mappings:0:Claim, :Value and :App or :Role.");
        }

        return errors.Count > before ? null : new JwtIssuer
        {
            Name = name,
            Issuer = issuer!,
            MetadataUrl = authority is null ? null : new Uri(authority.AbsoluteUri.TrimEnd('/') + "/.well-known/openid-configuration"),
            JwksUrl = jwksUrl,
            StaticKeys = fixedKeys,
            Audiences = [.. audiences],
            Algorithms = [.. algorithms.Count == 0 ? Asymmetric : algorithms],
            ClockSkew = TimeSpan.FromSeconds(skew),
            SubjectClaim = entry["SubjectClaim"] is { Length: > 0 } subject ? subject : "sub",
            UserPrefix = prefix,
            Mappings = mappings,
        };
    }

    private static ClaimMapping? ReadMapping(IConfigurationSection mapping, List<string> errors)
    {
        var before = errors.Count;
        AddUnknown(mapping, ["Claim", "Value", "App", "Role"], errors);
        var claim = mapping["Claim"] ?? "";
        var value = mapping["Value"] is { Length: > 0 } text ? text : null;
        if (claim.Length == 0)
        {
            errors.Add($"{mapping.Path}:Claim must name a claim.");
        }

        VaultRole? role = mapping["Role"] switch
        {
            "admin" => VaultRole.Admin,
            "operator" => VaultRole.Operator,
            "auditor" => VaultRole.Auditor,
            _ => null,
        };
        if (mapping["Role"] is { Length: > 0 } && role is null)
        {
            errors.Add($"{mapping.Path}:Role must be admin, operator or auditor.");
        }

        var app = mapping["App"] is { Length: > 0 } named ? named : null;
        if (app is null == (role is null))
        {
            errors.Add($"{mapping.Path} needs an App or a Role, and not both.");
        }

        var isFromValue = app == ClaimMapping.FromValue;
        DeveloperName parsed = default;
        if (app is not null && !isFromValue && !DeveloperName.TryParse(app, out parsed))
        {
            errors.Add($"{mapping.Path}:App must be the name of an app, or {ClaimMapping.FromValue}: the app that the claim's value names.");
        }

        if (isFromValue == value is not null)
        {
            errors.Add($"{mapping.Path}:Value must be what the claim has to be; with the App {ClaimMapping.FromValue}, and only then, it is left out.");
        }

        return errors.Count > before ? null : new ClaimMapping(claim, value, role, app is null || isFromValue ? null : parsed);
    }

    private static JwksKeys? ReadKeys(IConfigurationSection entry, List<string> errors)
    {
        var setting = "Jwks";
        var json = entry[setting];
        if (entry["JwksFile"] is { Length: > 0 } file)
        {
            setting = "JwksFile";
            try
            {
                json = File.ReadAllText(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                errors.Add($"{entry.Path}:JwksFile: '{file}' can't be read ({exception.GetType().Name}).");
                return null;
            }
        }

        if (string.IsNullOrEmpty(json))
        {
            return null;
        }

        var keys = JwksKeys.Parse(json);
        if (keys.IsOk)
        {
            return keys.Value;
        }

        errors.Add($"{entry.Path}:{setting}: {keys.Error.Errors!.Values.First()[0]}");
        return null;
    }

    private static Uri? ReadUrl(IConfigurationSection entry, string setting, bool allowHttp, List<string> errors)
    {
        if (entry[setting] is not { Length: > 0 } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == "https" || (url.Scheme == "http" && allowHttp))
            && url.UserInfo.Length == 0 && url.Fragment.Length == 0 && (setting == "JwksUrl" || url.Query.Length == 0))
        {
            return url;
        }

        errors.Add($"{entry.Path}:{setting} must be an https URL (http only with Vault:Egress:AllowHttp).");
        return null;
    }

    // A misspelt setting is never ignored.
    private static void AddUnknown(IConfigurationSection section, string[] known, List<string> errors) => errors.AddRange(
        section.GetChildren().Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)).Select(child => $"{child.Path} is not a setting; there are {string.Join(", ", known)}."));
}
