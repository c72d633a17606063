using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Settings;
using Vault.Core.Authentication.Tokens;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Jwt;

/// <summary>
/// Puts <c>Authorization: Bearer &lt;jwt&gt;</c> on a request. One JWT serves until near its end, unless its settings name
/// <c>$Request</c>: then each request gets its own.
/// </summary>
internal sealed class BoundJwt : BoundProtocol
{
    private const string TokenName = "jwt";
    private static readonly MergeReference Key = Parameter("Key");
    private static readonly MergeReference KeyPassword = Parameter("KeyPassword");
    private static readonly MergeReference Token = new(MergeReferenceKind.Token, null, TokenName, false);

    private readonly AssertionTemplate _assertion;
    private readonly bool _isPerRequest;

    public BoundJwt(AssertionTemplate assertion)
    {
        _assertion = assertion;
        References = [.. assertion.Templates.SelectMany(template => template.References)];
        _isPerRequest = References.Any(reference => reference.Kind is MergeReferenceKind.Request);
        NamesUser = References.Any(reference => reference.Kind is MergeReferenceKind.User);
        UsesNamedCredentialUrl = References.Any(IsEndpoint);
        Tokens = _isPerRequest ? null : new JwtTokens(this);
        OAuthToken = _isPerRequest ? null : Token;
        AppliedTemplates = _isPerRequest ? assertion.Templates : [BearerTemplate.Instance];
        AuthorizationHeaderValue = _isPerRequest ? ComposedValue.Empty : ComposedValue.Of(Token);
    }

    public override IReadOnlyList<string> ProtocolParameters { get; } = ["Key", "KeyPassword"];

    public override IReadOnlyList<string> KeyOnlyParameters => ProtocolParameters;

    public override IReadOnlyList<string> RequiredParameters { get; } = ["Key"];

    public override IReadOnlyList<MergeReference> References { get; }

    public override bool UsesNamedCredentialUrl { get; }

    public override bool NamesUser { get; }

    public override ITokenProtocol? Tokens { get; }

    public override MergeReference? OAuthToken { get; }

    public override string AuthorizationMethod => "Bearer";

    public override ComposedValue AuthorizationHeaderValue { get; }

    public override IReadOnlyList<MergeTemplate> AppliedTemplates { get; }

    public override Result<RequestInjection> Apply(IMergeScope scope) =>
        _isPerRequest ? ApplyFresh(scope) : BearerTemplate.Apply(scope);

    private Result<RequestInjection> ApplyFresh(IMergeScope scope)
    {
        var now = scope.Resolve(new MergeReference(MergeReferenceKind.Request, null, "UnixTime", false));
        if (!now.IsOk)
        {
            return now.Error;
        }

        var seconds = long.Parse(now.Value.Text!, System.Globalization.CultureInfo.InvariantCulture);
        var made = Make(scope, DateTimeOffset.FromUnixTimeSeconds(seconds));
        return made.IsOk
            ? new RequestInjection([new InjectedValue("Authorization", "Bearer " + made.Value.Text, IsSecret: true)], [], [])
            : made.Error;
    }

    private Result<Assertion> Make(IMergeScope scope, DateTimeOffset now)
    {
        var key = scope.Resolve(Key);
        if (!key.IsOk)
        {
            return key.Error;
        }

        var password = scope.Check(KeyPassword) is null && scope.Resolve(KeyPassword) is { IsOk: true } opened ? opened.Value.Text : null;
        return _assertion.Make(scope, key.Value.Text!, password, "Key", AssertionDefaults.None, now);
    }

    private sealed class JwtTokens(BoundJwt jwt) : ITokenProtocol
    {
        public IReadOnlyList<string> TokenNames { get; } = [TokenName];

        // A service may have given up the one in use; a fresh one has another jti.
        public IReadOnlyList<DeadTokenSign> RefreshOn => RefreshOnSetting.Default;

        public Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken) => Task.FromResult(Acquire(context));

        private Result<TokenSet> Acquire(TokenAcquisition context)
        {
            var now = context.Time.GetUtcNow();
            var made = jwt.Make(context.Scope(), now);
            return made.IsOk
                ? new TokenSet(Guid.NewGuid(), new Dictionary<string, SecretText> { [TokenName] = new(made.Value.Text) }, now, made.Value.ExpiresAt)
                : made.Error;
        }
    }
}
