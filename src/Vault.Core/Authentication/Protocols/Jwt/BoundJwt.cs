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

    public BoundJwt(AssertionTemplate assertion)
    {
        _assertion = assertion;
        References = [.. assertion.Templates.SelectMany(template => template.References)];
        NamesUser = References.Any(reference => reference.Kind is MergeReferenceKind.User);
        UsesNamedCredentialUrl = References.Any(IsEndpoint);
        if (References.Any(reference => reference.Kind is MergeReferenceKind.Request))
        {
            RequestToken = new RequestToken([TokenName], References.Any(IsBody), MakeForRequest);
        }
        else
        {
            Tokens = new JwtTokens(this);
        }
    }

    public override IReadOnlyList<string> ProtocolParameters { get; } = ["Key", "KeyPassword"];

    public override IReadOnlyList<string> KeyOnlyParameters => ProtocolParameters;

    public override IReadOnlyList<string> RequiredParameters { get; } = ["Key"];

    public override IReadOnlyList<MergeReference> References { get; }

    public override bool UsesNamedCredentialUrl { get; }

    public override bool NamesUser { get; }

    public override ITokenProtocol? Tokens { get; }

    public override RequestToken? RequestToken { get; }

    public override MergeReference? OAuthToken => Token;

    public override string AuthorizationMethod => "Bearer";

    public override ComposedValue AuthorizationHeaderValue { get; } = ComposedValue.Of(Token);

    public override IReadOnlyList<MergeTemplate> AppliedTemplates { get; } = [BearerTemplate.Instance];

    public override Result<RequestInjection> Apply(IMergeScope scope) => BearerTemplate.Apply(scope);

    private static bool IsBody(MergeReference reference) =>
        reference.Kind is MergeReferenceKind.Credential && reference.Name.Equals("Body", StringComparison.OrdinalIgnoreCase);

    // By the request's own clock, so that iat is the UnixTime of whatever else is made for it.
    private Result<TokenSet> MakeForRequest(IMergeScope scope)
    {
        var now = scope.Resolve(new MergeReference(MergeReferenceKind.Request, null, "UnixTime", false));
        if (!now.IsOk)
        {
            return now.Error;
        }

        var seconds = long.Parse(now.Value.Text!, System.Globalization.CultureInfo.InvariantCulture);
        return MakeSet(scope, DateTimeOffset.FromUnixTimeSeconds(seconds));
    }

    private Result<TokenSet> MakeSet(IMergeScope scope, DateTimeOffset now)
    {
        var made = Make(scope, now);
        return made.IsOk
            ? new TokenSet(Guid.NewGuid(), new Dictionary<string, SecretText> { [TokenName] = new(made.Value.Text) }, now, made.Value.ExpiresAt)
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

        public Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken) =>
            Task.FromResult(jwt.MakeSet(context.Scope(), context.Time.GetUtcNow()));
    }
}
