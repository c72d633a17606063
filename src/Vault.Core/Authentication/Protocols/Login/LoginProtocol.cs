using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary><c>login</c>: any number of requests that sign in, and what is put on callouts with what they gave; contract section 3.</summary>
internal sealed class LoginProtocol : IAuthenticationProtocol
{
    private const int MaxSteps = 10;

    /// <inheritdoc />
    public string Name => "login";

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var known = new List<string>();
        var steps = ReadSteps(settings, errors, known);
        var apply = ReadApply(settings, errors, known);
        var lifetime = LoginLifetime.Read(settings, known);
        var refreshOn = ReadRefreshOn(settings, errors);
        var notSecret = NotSecretSetting.Read(settings, errors);
        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundLogin(steps, apply, lifetime, refreshOn, known, notSecret);
    }

    private static List<LoginStep> ReadSteps(SettingsReader settings, SettingsErrors errors, List<string> known)
    {
        var steps = new List<LoginStep>();
        var isThere = settings.Has("steps");
        var readers = settings.Objects("steps", required: true);
        if (isThere && readers.Count is 0 or > MaxSteps)
        {
            settings.Refuse("steps", $"Must be 1 to {MaxSteps} steps.");
        }

        foreach (var reader in readers)
        {
            var request = reader.Object("request", required: true) is { } requestReader ? LoginRequest.Read(requestReader, errors) : null;
            if (request is not null)
            {
                LoginReferences.CheckStep(request, known, errors);
            }

            var extract = new List<LoginExtraction>();
            foreach (var text in reader.Texts("extract", NameRules.Developer))
            {
                var extraction = LoginExtraction.Parse(text.Name, text.Text);
                if (!extraction.IsOk)
                {
                    errors.Add(text.Path, extraction.Error.Detail);
                }
                else if (known.Contains(text.Name, StringComparer.OrdinalIgnoreCase) || extract.Exists(other => other.Name.Equals(text.Name, StringComparison.OrdinalIgnoreCase)))
                {
                    errors.Add(text.Path, "Is extracted twice.");
                }
                else
                {
                    extract.Add(extraction.Value);
                }
            }

            var failWhen = LoginExtraction.ReadQuery(reader, "failWhen");
            reader.Complete();
            known.AddRange(extract.Select(extraction => extraction.Name));
            if (request is not null)
            {
                steps.Add(new LoginStep(request, extract, failWhen));
            }
        }

        return steps;
    }

    private static LoginApply ReadApply(SettingsReader settings, SettingsErrors errors, List<string> known)
    {
        if (settings.Object("apply") is not { } reader)
        {
            return new LoginApply([], [], []);
        }

        var apply = new LoginApply(
            reader.Templates("headers", NameRules.Header), reader.Templates("query", NameRules.Query), reader.Templates("cookies", NameRules.Cookie));
        reader.Complete();
        LoginReferences.CheckApply(apply, known, errors);
        return apply;
    }

    private static List<DeadTokenSign> ReadRefreshOn(SettingsReader settings, SettingsErrors errors)
    {
        if (!settings.Has("refreshOn"))
        {
            settings.Any("refreshOn");
            return [new DeadTokenSign(401, null)];
        }

        var signs = new List<DeadTokenSign>();
        foreach (var (element, path) in settings.Array("refreshOn"))
        {
            if (element.ValueKind is JsonValueKind.Number && element.TryGetInt32(out var status) && status is >= 100 and <= 599)
            {
                signs.Add(new DeadTokenSign(status, null));
            }
            else if (element.ValueKind is JsonValueKind.Object)
            {
                var reader = SettingsReader.At(element, path, errors);
                if (!reader.Has("status"))
                {
                    reader.Refuse("status", "Is required.");
                }

                var objectStatus = reader.Integer("status", 100, 599);
                var text = reader.Text("bodyContains", required: true);
                reader.Complete();
                signs.Add(new DeadTokenSign((int)(objectStatus ?? 401), text));
            }
            else
            {
                errors.Add(path, "Must be a status from 100 to 599, or an object of status and bodyContains.");
            }
        }

        return signs;
    }
}
