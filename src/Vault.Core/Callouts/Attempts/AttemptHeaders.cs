using Vault.Core.Authentication;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The headers of one attempt: the caller's, with fields where they are allowed, an admin's, and the protocol's.</summary>
internal sealed class AttemptHeaders
{
    private readonly Callout _callout;
    private readonly IReadOnlyList<CallerHeader> _caller;

    private AttemptHeaders(Callout callout, IReadOnlyList<CallerHeader> caller)
    {
        _callout = callout;
        _caller = caller;
    }

    /// <summary>A header of the caller; <paramref name="Template"/> is null where it goes as it came.</summary>
    private readonly record struct CallerHeader(string Name, string Value, MergeTemplate? Template);

    /// <summary>The headers and what the protocol puts on the query.</summary>
    internal sealed record Outgoing(IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<InjectedValue> Query);

    /// <summary>Reads the fields of the caller's headers.</summary>
    public static Result<AttemptHeaders> Parse(Callout callout)
    {
        var caller = new List<CallerHeader>(callout.Request.Headers.Count);
        foreach (var (name, value) in callout.Request.Headers)
        {
            MergeTemplate? template = null;
            if (callout.Plan.Named.AllowMergeFieldsInHeader && value.Contains('!', StringComparison.Ordinal))
            {
                var parsed = MergeTemplate.Parse(HeaderText.Decode(value));
                if (!parsed.IsOk)
                {
                    return AtHeader(name, parsed.Error);
                }

                template = parsed.Value.HasFields ? parsed.Value : null;
            }

            caller.Add(new CallerHeader(name, value, template));
        }

        return new AttemptHeaders(callout, caller);
    }

    /// <summary>The first reference that isn't known.</summary>
    public VaultError? Check(AttemptScopes scopes)
    {
        foreach (var header in _caller)
        {
            if (header.Template?.Check(scopes.CallerHeader) is { } error)
            {
                return AtHeader(header.Name, error);
            }
        }

        foreach (var template in _callout.Plan.AdminTemplates)
        {
            if (template.Check(scopes.Admin) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Resolves what needs neither token nor body, so that a value that can't be sent is found before a token is fetched.</summary>
    public VaultError? TryWithoutToken(AttemptScopes scopes)
    {
        foreach (var header in _caller)
        {
            if (header.Template is { } template && IsReady(template) && Text(header.Name, template, scopes.CallerHeader) is { IsOk: false } failed)
            {
                return failed.Error;
            }
        }

        foreach (var header in _callout.Plan.CustomHeaders)
        {
            if (IsReady(header.Value) && Text(header.Name, header.Value, scopes.Admin) is { IsOk: false } failed)
            {
                return failed.Error;
            }
        }

        return null;

        static bool IsReady(MergeTemplate template) => template.References.All(reference =>
            reference.Kind is not MergeReferenceKind.Token
            && !(reference.Kind is MergeReferenceKind.Credential && ComputedNames.NeedsTokenOrBody(reference)));
    }

    /// <summary>Fetches what the templates need.</summary>
    public async ValueTask<VaultError?> PrepareAsync(AttemptScopes scopes, CancellationToken cancellationToken)
    {
        foreach (var header in _caller)
        {
            if (header.Template is { } template && await template.PrepareAsync(scopes.CallerHeader, cancellationToken) is { } error)
            {
                return error;
            }
        }

        foreach (var template in _callout.Plan.AdminTemplates)
        {
            if (await template.PrepareAsync(scopes.Admin, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>
    /// All headers. Of one name the named credential's wins over the external credential's, over the protocol's, over the
    /// caller's; contract section 9.
    /// </summary>
    public Result<Outgoing> Resolve(AttemptScopes scopes)
    {
        var plan = _callout.Plan;
        var injection = RequestInjection.None;
        if (plan.Named.GenerateAuthorizationHeader)
        {
            var applied = plan.External.Authentication.Apply(scopes.Protocol);
            if (!applied.IsOk && !scopes.IsMasked)
            {
                return applied.Error;
            }

            injection = scopes.IsMasked ? AttemptPreview.Show(plan.External.Authentication, applied) : applied.Value!;
        }

        var ours = new List<KeyValuePair<string, string>>();
        foreach (var header in plan.CustomHeaders)
        {
            var text = Text(header.Name, header.Value, scopes.Admin);
            if (!text.IsOk)
            {
                return text.Error;
            }

            ours.Add(new(header.Name, text.Value));
        }

        var custom = plan.CustomHeaders.Select(header => header.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var header in injection.Headers)
        {
            if (!custom.Contains(header.Name))
            {
                if (!HeaderText.IsLegal(header.Value))
                {
                    return NotAHeaderValue(header.Name);
                }

                NoteSecret(header);
                ours.Add(new(header.Name, HeaderText.Encode(header.Value)));
            }
        }

        var headers = new List<KeyValuePair<string, string>>(_caller.Count + ours.Count + 1);
        var set = ours.Select(header => WireText.Canonical(header.Key)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var header in _caller)
        {
            // Also X_Api_Key gives way to X-Api-Key: many services can't tell them apart.
            if (set.Contains(WireText.Canonical(header.Name)))
            {
                continue;
            }

            var text = header.Template is null ? header.Value : Text(header.Name, header.Template, scopes.CallerHeader);
            if (!text.IsOk)
            {
                return text.Error;
            }

            headers.Add(new(header.Name, text.Value));
        }

        headers.AddRange(ours);
        foreach (var parameter in injection.Query)
        {
            NoteSecret(parameter);
        }

        return AttemptCookies.Inject(headers, injection.Cookies, NoteSecret) is { } cookie ? cookie : new Outgoing(headers, injection.Query);
    }

    private static VaultError NotAHeaderValue(string name) => new(
        ErrorCodes.SecretNotAHeaderValue,
        $"A value for the header {name} has a control character, or white space at its ends; it can't stand in a header.");

    private static VaultError AtHeader(string name, VaultError error) =>
        error with { Detail = $"In the header {name}: {error.Detail}" };

    private Result<string> Text(string name, MergeTemplate template, IMergeScope scope)
    {
        var output = template.Resolve(scope, MergeEscaping.None);
        if (!output.IsOk)
        {
            return AtHeader(name, output.Error);
        }

        if (!HeaderText.IsLegal(output.Value.Text))
        {
            return NotAHeaderValue(name);
        }

        if (output.Value.IsSecret)
        {
            _callout.Echoes.Add(output.Value.Text);
        }

        return HeaderText.Encode(output.Value.Text);
    }

    private void NoteSecret(InjectedValue value)
    {
        if (value.IsSecret)
        {
            _callout.Echoes.Add(value.Value);
            var space = value.Value.IndexOf(' ', StringComparison.Ordinal);
            if (space >= 0)
            {
                // What follows the scheme: an echo need not repeat "Basic".
                _callout.Echoes.Add(value.Value[(space + 1)..]);
            }
        }
    }
}
