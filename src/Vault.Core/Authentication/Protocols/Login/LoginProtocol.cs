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
        var steps = ReadSteps(settings, "steps", errors, known, isRequired: true);
        var apply = ReadApply(settings, errors, known);
        var lifetime = LoginLifetime.Read(settings, known);
        var refreshOn = RefreshOnSetting.Read(settings, errors);

        // What they extract takes the place of the old, and is known only among themselves where it is new.
        var refresh = ReadSteps(settings, "refresh", errors, [.. known], isRequired: false);
        var logout = ReadSteps(settings, "logout", errors, [.. known], isRequired: false);
        var notSecret = NotSecretSetting.Read(settings, errors);
        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundLogin(new LoginSteps(steps, refresh, logout), apply, lifetime, refreshOn, known, notSecret);
    }

    /// <param name="settings">The settings.</param>
    /// <param name="property">Where the steps stand.</param>
    /// <param name="errors">Where mistakes go.</param>
    /// <param name="known">The names extracted so far; grows.</param>
    /// <param name="isRequired">Whether there have to be steps.</param>
    private static List<LoginStep> ReadSteps(SettingsReader settings, string property, SettingsErrors errors, List<string> known, bool isRequired)
    {
        var steps = new List<LoginStep>();
        var isThere = settings.Has(property);
        var readers = settings.Objects(property, required: isRequired);
        if (isThere && readers.Count is 0 or > MaxSteps)
        {
            settings.Refuse(property, $"Must be 1 to {MaxSteps} steps.");
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
                else if (extract.Exists(other => other.Name.Equals(text.Name, StringComparison.OrdinalIgnoreCase)))
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
            known.AddRange(extract.Select(extraction => extraction.Name).Except(known, StringComparer.OrdinalIgnoreCase).ToArray());
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
}
