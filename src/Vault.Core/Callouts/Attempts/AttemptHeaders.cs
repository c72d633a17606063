using Vault.Core.Authentication;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>The headers of one attempt: the caller's, with fields where they are allowed, an admin's, and the protocol's.</summary>
internal readonly struct AttemptHeaders
{
    private readonly Callout _callout;

    // Beside the caller's headers; null where a header goes as it came, and where all of them do.
    private readonly MergeTemplate?[]? _templates;

    private AttemptHeaders(Callout callout, MergeTemplate?[]? templates)
    {
        _callout = callout;
        _templates = templates;
    }

    /// <summary>The headers and what the protocol puts on the query.</summary>
    internal readonly record struct Outgoing(List<KeyValuePair<string, string>> Headers, IReadOnlyList<InjectedValue> Query);

    /// <summary>Reads the fields of the caller's headers.</summary>
    public static Result<AttemptHeaders> Parse(Callout callout)
    {
        MergeTemplate?[]? templates = null;
        var signatures = 0;
        var headers = callout.Request.Headers;
        for (var i = 0; callout.Plan.Named.AllowMergeFieldsInHeader && i < headers.Count; i++)
        {
            if (headers[i].Value.Contains('!', StringComparison.Ordinal))
            {
                var parsed = MergeTemplate.Parse(HeaderText.Decode(headers[i].Value));
                if (!parsed.IsOk)
                {
                    return AtHeader(headers[i].Key, parsed.Error);
                }

                if (parsed.Value.HasFields)
                {
                    if (!HeaderText.IsUtf8(headers[i].Value))
                    {
                        return AtHeader(headers[i].Key, new VaultError(ErrorCodes.MergeFieldInvalid, "What stands beside the field isn't UTF-8."));
                    }

                    signatures += parsed.Value.Signatures;
                    if (signatures > MergeErrors.MostSignatures)
                    {
                        return AtHeader(headers[i].Key, MergeErrors.TooManySignatures);
                    }

                    templates ??= new MergeTemplate?[headers.Count];
                    templates[i] = parsed.Value;
                }
            }
        }

        return new AttemptHeaders(callout, templates);
    }

    /// <summary>Whether a header of the caller's is computed from the body.</summary>
    public static bool NamesBody(Callout callout)
    {
        var headers = callout.Request.Headers;
        for (var i = 0; callout.Plan.Named.AllowMergeFieldsInHeader && i < headers.Count; i++)
        {
            if ((callout.Plan.HasTokenOfBody || headers[i].Value.Contains("Body", StringComparison.OrdinalIgnoreCase))
                && TemplateOf(callout, headers[i].Value) is { } template && callout.Plan.NamesBody(template))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The fields of a value of the caller's; null where it has none, or they aren't filled in.</summary>
    public static MergeTemplate? TemplateOf(Callout callout, string value) =>
        callout.Plan.Named.AllowMergeFieldsInHeader && value.Contains('!', StringComparison.Ordinal)
        && MergeTemplate.Parse(HeaderText.Decode(value)) is { IsOk: true, Value: { HasFields: true } template } ? template : null;

    /// <summary>The first reference that isn't known.</summary>
    public VaultError? Check(AttemptScopes scopes)
    {
        for (var i = 0; i < (_templates?.Length ?? 0); i++)
        {
            if (_templates![i]?.Check(scopes.CallerHeader) is { } error)
            {
                return AtHeader(NameAt(i), error);
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

    /// <summary>
    /// Resolves what needs neither token nor body, so that what can't be sent is found before a token is fetched: a field that can't be
    /// resolved, else a value that can't stand in a header.
    /// </summary>
    public VaultError? TryWithoutToken(AttemptScopes scopes)
    {
        VaultError? illegal = null;
        for (var i = 0; i < (_templates?.Length ?? 0); i++)
        {
            if (_templates![i] is { } template && TryText(NameAt(i), template, scopes.CallerHeader, ref illegal) is { } invalid)
            {
                return invalid;
            }
        }

        foreach (var header in _callout.Plan.CustomHeaders)
        {
            if (TryText(header.Name, header.Value, scopes.Admin, ref illegal) is { } invalid)
            {
                return invalid;
            }
        }

        return illegal;
    }

    /// <summary>Fetches what the templates need.</summary>
    public async ValueTask<VaultError?> PrepareAsync(AttemptScopes scopes, CancellationToken cancellationToken)
    {
        foreach (var template in _templates ?? [])
        {
            if (template is not null && await template.PrepareAsync(scopes.CallerHeader, cancellationToken) is { } error)
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
        var ready = plan.HasFixedHeader && scopes.Purpose is AttemptPurpose.Send && !_callout.Credentials.HasFailures ? _callout.Echoes.Header : null;
        if (plan.Named.GenerateAuthorizationHeader && ready is null)
        {
            var applied = plan.External.Authentication.Apply(scopes.Protocol);
            injection = scopes.IsMasked ? AttemptPreview.Show(plan.External.Authentication, applied) : applied.Value ?? RequestInjection.None;

            // What is made of a token can't be judged without one.
            if (!applied.IsOk && (scopes.Purpose is AttemptPurpose.Send || (scopes.Purpose is AttemptPurpose.Judge && plan.External.Authentication.Tokens is null)))
            {
                return applied.Error;
            }
        }

        var caller = _callout.Request.Headers;
        var headers = new List<KeyValuePair<string, string>>(caller.Count + plan.CustomHeaders.Length + injection.Headers.Count + 2);
        foreach (var header in plan.CustomHeaders)
        {
            var text = Text(header.Name, header.Value, scopes.Admin);
            if (!text.IsOk)
            {
                return text.Error;
            }

            headers.Add(new(header.Name, text.Value));
        }

        if (ready is not null && !plan.CustomHeaderNames.Contains(ready.Name))
        {
            headers.Add(new(ready.Name, ready.Value));
        }

        for (var i = 0; i < injection.Headers.Count; i++)
        {
            var header = injection.Headers[i];
            if (!plan.CustomHeaderNames.Contains(header.Name))
            {
                if (!HeaderText.IsLegal(header.Value))
                {
                    return NotAHeaderValue(header.Name);
                }

                NoteSecret(header);
                if (plan.HasFixedHeader && scopes.Purpose is AttemptPurpose.Send && injection is { Headers.Count: 1, Query.Count: 0, Cookies.Count: 0 })
                {
                    _callout.Echoes.KeepHeader(header.Name, header.Value);
                }

                headers.Add(new(header.Name, HeaderText.Encode(header.Value)));
            }
        }

        // The caller's, save those that are the vault's to set. Also X_Api_Key gives way to X-Api-Key: many services can't tell them apart.
        for (var (i, ours) = (0, headers.Count); i < caller.Count; i++)
        {
            var (name, value) = caller[i];
            if (IsAmong(headers, ours, WireText.Canonical(name)))
            {
                continue;
            }

            if (_templates?[i] is { } template)
            {
                var text = Text(name, template, scopes.CallerHeader);
                if (!text.IsOk)
                {
                    return text.Error;
                }

                value = text.Value;
            }

            headers.Add(new(name, value));
        }

        for (var i = 0; i < injection.Query.Count; i++)
        {
            var parameter = injection.Query[i];
            NoteSecret(parameter);
            NoteSecret(parameter with { Value = parameter.IsEscaped ? Uri.UnescapeDataString(parameter.Value) : Uri.EscapeDataString(parameter.Value) });
        }

        return injection.Cookies.Count > 0 && AttemptCookies.Inject(headers, injection.Cookies, NoteSecret) is { } cookie ? cookie : new Outgoing(headers, injection.Query);
    }

    private static bool IsAmong(List<KeyValuePair<string, string>> headers, int count, string canonical)
    {
        for (var i = 0; i < count; i++)
        {
            if (WireText.Canonical(headers[i].Key).Equals(canonical, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static VaultError NotAHeaderValue(string name) => new(
        ErrorCodes.SecretNotAHeaderValue,
        $"A value for the header {name} has a control character, or white space at its ends; it can't stand in a header.");

    private static VaultError AtHeader(string name, VaultError error) =>
        error with { Detail = $"In the header {name}: {error.Detail}" };

    private string NameAt(int index) => _callout.Request.Headers[index].Key;

    private VaultError? TryText(string name, MergeTemplate template, IMergeScope scope, ref VaultError? illegal)
    {
        if (ComputedNames.NeedTokenOrBody(template.References) || Text(name, template, scope) is not { IsOk: false, Error: var error })
        {
            return null;
        }

        illegal ??= error;
        return error.Code == ErrorCodes.MergeFieldInvalid ? error : null;
    }

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
                _callout.Echoes.Add(value.Value.AsSpan(space + 1));
            }
        }
    }
}
