using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary><c>awsSigV4</c>: AWS Signature Version 4, with the keys given or those of a role.</summary>
internal sealed class AwsSigV4Protocol : IAuthenticationProtocol
{
    // A region is one label of a host (RFC 1035 section 2.3.4).
    private const int MaxScope = 63;

    private static readonly string[] RoleSettings = ["externalId", "stsUrl", "durationSeconds"];

    /// <inheritdoc />
    public string Name => "awsSigV4";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters => BoundAwsSigV4.Parameters;

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var region = Scope(settings, "region");
        var service = Scope(settings, "service");
        var role = ReadRole(settings, region);
        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundAwsSigV4(new AwsSettings(region!, service!, role));
    }

    private static string? Scope(SettingsReader settings, string property)
    {
        var text = settings.Text(property, required: true);
        if (text is not null && (text.Length > MaxScope || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '*')))
        {
            settings.Refuse(property, $"Must be at most {MaxScope} letters, digits and hyphens.");
        }

        return text;
    }

    private static AwsRole? ReadRole(SettingsReader settings, string? region)
    {
        var isThere = settings.Has("roleArn");
        var arn = settings.Template("roleArn");
        foreach (var property in RoleSettings.Where(property => !isThere && settings.Has(property)))
        {
            settings.Refuse(property, "Stands beside a roleArn.");
        }

        var externalId = settings.Template("externalId");
        var own = region is { Length: > 0 and <= MaxScope } && region.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? StsEndpoint.Of(region) : null;
        var url = UrlSetting.Read(settings, "stsUrl") ?? own ?? new Uri("https://sts.invalid.amazonaws.com/");
        var duration = settings.Integer("durationSeconds", 900, 43_200);
        return arn is null ? null : new AwsRole(arn, externalId, url, duration);
    }
}
