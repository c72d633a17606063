using System.Collections.Frozen;
using Vault.Core.Authentication.Settings;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>A login with its settings read.</summary>
internal sealed class BoundLogin : BoundProtocol
{
    private readonly LoginApply _apply;
    private readonly FrozenSet<string> _notSecret;

    public BoundLogin(
        LoginSteps steps, LoginApply apply, LoginLifetime lifetime, IReadOnlyList<DeadTokenSign> refreshOn, IReadOnlyList<string> tokenNames,
        FrozenSet<string> notSecret)
    {
        _apply = apply;
        _notSecret = notSecret;
        AppliedTemplates = [.. apply.All.Select(named => named.Template)];
        TokenUrls = [.. steps.All.Select(step => step.Request.AbsoluteUrl).OfType<Uri>()];

        // A step that only names the URL depends on it as much: its token is one named credential's.
        HasRelativeUrls = steps.All.Any(step => step.Request.AbsoluteUrl is null);
        UnsendableUrls = [.. steps.All.Select(step => step.Request).Where(request => !request.IsUrlSendable).Select(request => request.UrlPath)];
        UsesNamedCredentialUrl = HasRelativeUrls || steps.All.Any(step => step.Request.References.Any(placed => IsEndpoint(placed.Reference)));
        References =
        [
            .. steps.All.SelectMany(step => step.Request.References).Select(placed => placed.Reference),
            .. AppliedTemplates.SelectMany(template => template.References),
        ];

        // With one value there is no doubt which is the token.
        OAuthToken = tokenNames is [var only] ? new MergeReference(MergeReferenceKind.Token, null, only, false) : null;
        AuthorizationHeaderValue = OAuthToken is null ? ComposedValue.Empty : ComposedValue.Of(OAuthToken);
        Tokens = new LoginTokens(
            steps, lifetime, refreshOn, tokenNames,
            OAuthToken is null ? [.. References.Where(reference => reference.Kind is MergeReferenceKind.Token).Select(reference => reference.Name)] : tokenNames);
    }

    public override IReadOnlyList<MergeReference> References { get; }

    public override IReadOnlyList<Uri> TokenUrls { get; }

    public override bool HasRelativeUrls { get; }

    public override IReadOnlyList<string> UnsendableUrls { get; }

    public override bool UsesNamedCredentialUrl { get; }

    public override ITokenProtocol Tokens { get; }

    public override IReadOnlyList<MergeTemplate> AppliedTemplates { get; }

    // A login with one value is a bearer token in all but name.
    public override string AuthorizationMethod => OAuthToken is null ? "" : "Bearer";

    public override MergeReference? OAuthToken { get; }

    public override ComposedValue AuthorizationHeaderValue { get; }

    public override bool IsSecret(string parameter) => base.IsSecret(parameter) && !_notSecret.Contains(parameter);

    public override Result<RequestInjection> Apply(IMergeScope scope)
    {
        var headers = Resolve(_apply.Headers, scope, MergeEscaping.None);
        var query = Resolve(_apply.Query, scope, MergeEscaping.Percent);
        var cookies = Resolve(_apply.Cookies, scope, MergeEscaping.None);
        return (headers.Error ?? query.Error ?? cookies.Error) is { } error
            ? error
            : new RequestInjection(headers.Value!, query.Value!, cookies.Value!);
    }

    private static Result<List<InjectedValue>> Resolve(IReadOnlyList<NamedTemplate> templates, IMergeScope scope, MergeEscaping escaping)
    {
        var values = new List<InjectedValue>(templates.Count);
        foreach (var template in templates)
        {
            var output = template.Template.Resolve(scope, escaping, escapeLiterals: true);
            if (!output.IsOk)
            {
                return output.Error;
            }

            // RAW leaves a value as it is. A mask is only looked at.
            var (text, isEscaped) = (output.Value.Text, escaping is MergeEscaping.Percent);
            if (isEscaped && scope is not IMergeMask && !WireText.IsQuery(text))
            {
                return new VaultError(ErrorCodes.MergeFieldInvalid, $"A value for the query parameter {template.Name} has a character that can't stand in a URL.");
            }

            values.Add(new InjectedValue(template.Name, text, output.Value.IsSecret) { IsEscaped = isEscaped });
        }

        return values;
    }
}
