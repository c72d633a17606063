using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Assertions;

/// <summary>What a JWT is made of where a setting leaves it out.</summary>
/// <param name="Issuer">For <c>iss</c>; null: none.</param>
/// <param name="Subject">For <c>sub</c>; null: none.</param>
/// <param name="Audience">For <c>aud</c>; null: none.</param>
internal sealed record AssertionDefaults(string? Issuer, string? Subject, string? Audience)
{
    /// <summary>None.</summary>
    public static AssertionDefaults None { get; } = new(null, null, null);
}

/// <summary>A JWT, signed, and when it ends.</summary>
/// <param name="Text">Its compact form (RFC 7515 section 7.1).</param>
/// <param name="ExpiresAt">Its <c>exp</c>.</param>
internal sealed record Assertion(string Text, DateTimeOffset ExpiresAt)
{
    /// <summary>Never the text.</summary>
    public override string ToString() => nameof(Assertion);
}

/// <summary>The settings of a JWT (RFC 7519): <c>algorithm</c>, <c>type</c>, <c>keyId</c>, <c>issuer</c>, <c>subject</c>, <c>audience</c>, <c>claims</c>, <c>lifetimeSeconds</c>.</summary>
internal sealed class AssertionTemplate
{
    private const long DefaultLifetime = 300;
    private const long MaxLifetime = 366L * 24 * 3600;

    private readonly List<MergeTemplate> _templates = [];

    private AssertionTemplate(JwtAlgorithm algorithm) => Algorithm = algorithm;

    /// <summary>The algorithm.</summary>
    public JwtAlgorithm Algorithm { get; }

    /// <summary>All templates of the settings.</summary>
    public IReadOnlyList<MergeTemplate> Templates => _templates;

    private string Type { get; set; } = "JWT";

    private MergeTemplate? KeyId { get; set; }

    private MergeTemplate? Issuer { get; set; }

    private MergeTemplate? Subject { get; set; }

    private MergeTemplate? Audience { get; set; }

    private IReadOnlyList<(string Name, JsonTemplate Value)> Claims { get; set; } = [];

    private long LifetimeSeconds { get; set; } = DefaultLifetime;

    /// <summary>One with nothing but an algorithm.</summary>
    public static AssertionTemplate Of(JwtAlgorithm algorithm) => new(algorithm);

    /// <summary>One with nothing but what goes with the key, for another purpose: the algorithm, and <c>keyId</c>, by which a server chooses the key.</summary>
    public AssertionTemplate OfSameKey()
    {
        var same = new AssertionTemplate(Algorithm) { KeyId = KeyId };
        same._templates.AddRange(new[] { KeyId }.OfType<MergeTemplate>());
        return same;
    }

    /// <summary>Reads the settings; null where the algorithm is refused. Leaves <see cref="SettingsReader.Complete"/> to the caller.</summary>
    public static AssertionTemplate? Read(SettingsReader settings, SettingsErrors errors)
    {
        var name = settings.Text("algorithm", required: true);
        var algorithm = name is null ? null : JwtAlgorithm.Find(name);
        if (name is not null && algorithm is null)
        {
            settings.Refuse("algorithm", name == "EdDSA"
                ? "EdDSA is not to be had on this platform; use one of " + JwtAlgorithm.Names + "."
                : "Must be one of: " + JwtAlgorithm.Names + ".");
        }

        var template = new AssertionTemplate(algorithm ?? JwtAlgorithm.Find("RS256")!)
        {
            Type = settings.Text("type") ?? "JWT",
            KeyId = settings.Template("keyId"),
            Issuer = settings.Template("issuer"),
            Subject = settings.Template("subject"),
            Audience = settings.Template("audience"),
            LifetimeSeconds = settings.Integer("lifetimeSeconds", 1, MaxLifetime) ?? DefaultLifetime,
        };
        template.Claims = ReadClaims(settings, errors);
        template._templates.AddRange(new[] { template.KeyId, template.Issuer, template.Subject, template.Audience }.OfType<MergeTemplate>());
        template._templates.AddRange(template.Claims.SelectMany(claim => claim.Value.Templates));
        return algorithm is null ? null : template;
    }

    /// <summary>Makes and signs one, with a fresh <c>jti</c>; <c>merge-field-invalid</c> where a template names what the scope doesn't know.</summary>
    /// <param name="scope">What the templates mean.</param>
    /// <param name="key">The key.</param>
    /// <param name="password">Of an encrypted key, or null.</param>
    /// <param name="keyName">The parameter, for messages.</param>
    /// <param name="defaults">For what the settings leave out.</param>
    /// <param name="now">For <c>iat</c> and <c>exp</c>.</param>
    public Result<Assertion> Make(IMergeScope scope, string key, string? password, string keyName, AssertionDefaults defaults, DateTimeOffset now)
    {
        if (_templates.Select(template => template.Check(scope)).FirstOrDefault(error => error is not null) is { } unknown)
        {
            return unknown;
        }

        // In whole seconds, as exp is: who checks the JWT takes it no longer.
        var end = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() + LifetimeSeconds);
        var header = MakeHeader(scope);
        var payload = MakePayload(scope, defaults, now, end);
        if ((header.Error ?? payload.Error) is { } error)
        {
            return error;
        }

        var signed = Base64Url.EncodeToString(header.Value!) + "." + Base64Url.EncodeToString(payload.Value!);
        var signature = SigningKey.Sign(Algorithm, key, password, Encoding.ASCII.GetBytes(signed));
        return signature is null
            ? SigningKey.Refusal(key, keyName, $"private key that fits {Algorithm.Name}")
            : new Assertion(signed + "." + Base64Url.EncodeToString(signature), end);
    }

    private static List<(string, JsonTemplate)> ReadClaims(SettingsReader settings, SettingsErrors errors)
    {
        var path = settings.PathOf("claims");
        if (settings.Any("claims") is not { } claims)
        {
            return [];
        }

        if (claims.ValueKind is not JsonValueKind.Object)
        {
            errors.Add(path, "Must be an object.");
            return [];
        }

        var reader = SettingsReader.At(claims, path, errors);
        var read = new List<(string, JsonTemplate)>();
        foreach (var claim in claims.EnumerateObject())
        {
            if (claim.Name == "exp")
            {
                reader.Refuse("exp", "Is set by lifetimeSeconds.");
                continue;
            }

            if (MergeTemplate.Parse(claim.Name) is not { IsOk: true, Value.HasFields: false })
            {
                reader.Refuse(claim.Name, "The name of a claim can't hold a merge field.");
                continue;
            }

            read.Add((claim.Name, JsonTemplate.Compile(claim.Value, reader.PathOf(claim.Name), errors)));
        }

        return read;
    }

    private Result<byte[]> MakeHeader(IMergeScope scope)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("alg", Algorithm.Name);
        writer.WriteString("typ", Type);
        if (WriteText(writer, "kid", KeyId, null, scope) is { } error)
        {
            return error;
        }

        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private Result<byte[]> MakePayload(IMergeScope scope, AssertionDefaults defaults, DateTimeOffset now, DateTimeOffset end)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        if ((WriteUnlessClaimed(writer, "iss", Issuer, defaults.Issuer, scope)
            ?? WriteUnlessClaimed(writer, "sub", Subject, defaults.Subject, scope)
            ?? WriteUnlessClaimed(writer, "aud", Audience, defaults.Audience, scope)) is { } error)
        {
            return error;
        }

        if (!IsClaimed("iat"))
        {
            writer.WriteNumber("iat", now.ToUnixTimeSeconds());
        }

        writer.WriteNumber("exp", end.ToUnixTimeSeconds());
        if (!IsClaimed("jti"))
        {
            writer.WriteString("jti", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        }

        foreach (var (name, value) in Claims)
        {
            writer.WritePropertyName(name);
            if (value.Write(writer, scope) is { } fault)
            {
                return fault;
            }
        }

        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private bool IsClaimed(string name) => Claims.Any(claim => claim.Name == name);

    private VaultError? WriteUnlessClaimed(Utf8JsonWriter writer, string name, MergeTemplate? template, string? fallback, IMergeScope scope) =>
        IsClaimed(name) ? null : WriteText(writer, name, template, fallback, scope);

    private static VaultError? WriteText(Utf8JsonWriter writer, string name, MergeTemplate? template, string? fallback, IMergeScope scope)
    {
        var text = fallback;
        if (template is not null)
        {
            var output = template.Resolve(scope, MergeEscaping.None);
            if (!output.IsOk)
            {
                return output.Error;
            }

            text = output.Value.Text;
        }

        if (text is not null)
        {
            writer.WriteString(name, text);
        }

        return null;
    }
}
