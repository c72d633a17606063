using System.Text.Json;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.JsonPaths;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Runs the steps of a login.</summary>
internal sealed class LoginTokens(
    LoginSteps steps, LoginLifetime lifetime, IReadOnlyList<DeadTokenSign> refreshOn, IReadOnlyList<string> tokenNames, IReadOnlyList<string> sentNames) : ITokenProtocol
{
    /// <summary>Stands in the names of values that a later step replaced; no template can name them.</summary>
    private const char Replaced = '#';

    /// <summary>How much of the time for a sign-in the refresh may take: what isn't answered fails as well, and the login takes its time, too.</summary>
    private static readonly TimeSpan RefreshLimit = TimeSpan.FromSeconds(10);

    public IReadOnlyList<string> TokenNames => tokenNames;

    public IReadOnlyList<DeadTokenSign> RefreshOn => refreshOn;

    // What a token before had by that name, under other settings, may have been no time.
    public bool IsSecret(string name, SecretText value) =>
        !lifetime.Names(name.Split(Replaced)[0]) || sentNames.Contains(name.Split(Replaced)[0], StringComparer.OrdinalIgnoreCase) || !LoginLifetime.IsTime(value.Reveal());

    public bool CanEnd => steps.Logout.Count > 0;

    public async Task<Result<TokenSet>> AcquireAsync(TokenAcquisition context, CancellationToken cancellationToken)
    {
        // What only looks refreshed and never works would be refreshed for ever.
        if (steps.Refresh.Count > 0 && context.Previous is { } previous && !context.IsPreviousDoubtful)
        {
            var renewed = ValuesOf(previous);
            using var limit = new CancellationTokenSource(RefreshLimit, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            if (await RunAsync(context, steps.Refresh, "refresh", renewed, either.Token) is null
                && Finish(renewed, context) is { IsOk: true } token)
            {
                return token;
            }
        }

        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        return await RunAsync(context, steps.SignIn, "login", values, cancellationToken) is { } error ? error : Finish(values, context);
    }

    public Task<VaultError?> EndAsync(TokenAcquisition context, CancellationToken cancellationToken) =>
        context.Previous is { } token
            ? RunAsync(context, steps.Logout, "logout", ValuesOf(token), cancellationToken)
            : Task.FromResult<VaultError?>(null);

    // Without what was replaced: answers are searched for it as long as for the token that it is part of.
    private static Dictionary<string, string> ValuesOf(TokenSet token) =>
        token.Values.Where(value => !IsReplaced(value.Key)).ToDictionary(value => value.Key, value => value.Value.Reveal(), StringComparer.OrdinalIgnoreCase);

    private static bool IsReplaced(string name) => name.Contains(Replaced, StringComparison.Ordinal);

    private Result<TokenSet> Finish(Dictionary<string, string> values, TokenAcquisition context)
    {
        var now = context.Time.GetUtcNow();
        return lifetime.TryFindEnd(values.Where(value => !IsReplaced(value.Key)).ToDictionary(StringComparer.OrdinalIgnoreCase), now, out var end)
            ? new TokenSet(Guid.NewGuid(), values.ToDictionary(value => value.Key, value => new SecretText(value.Value)), now, end)
            : SignInExchange.Failed("The login gave a token with a lifetime that makes no sense; it is not used.", "Look at what expiresIn, expiresInMs or expiresAt names, and at its unit and this machine's clock; lifetimeSeconds caps it.");
    }

    private static async Task<VaultError?> RunAsync(
        TokenAcquisition context, IReadOnlyList<LoginStep> steps, string flow, Dictionary<string, string> values, CancellationToken cancellationToken)
    {
        for (var index = 0; index < steps.Count; index++)
        {
            var name = steps.Count == 1 ? $"The {flow} request" : $"Step {index + 1} of the {flow}";
            if (await RunAsync(context, steps[index], name, values, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static async Task<VaultError?> RunAsync(
        TokenAcquisition context, LoginStep step, string name, Dictionary<string, string> values, CancellationToken cancellationToken)
    {
        var made = StepMessage.Make(name, step.Request, context, new StepValues(values));
        if (!made.IsOk)
        {
            return made.Error with { Detail = $"{name}: {made.Error.Detail}" };
        }

        var answer = await SignInExchange.SendAsync(context, made.Value, cancellationToken);
        // What is looked for by an expression may take a second, and would hold up whoever shares the socket's thread.
        return answer.IsOk ? await Task.Run(() => Read(step, answer.Value, values), CancellationToken.None) : answer.Error;
    }

    private static VaultError? Read(LoginStep step, SignInAnswer answer, Dictionary<string, string> values)
    {
        if (!answer.IsSuccess)
        {
            return SignInExchange.Refused(answer);
        }

        // In nothing, and in what is no JSON, it finds nothing; what says that it is and can't be read may hold an error that nobody sees.
        if (step.FailWhen is { } failWhen && answer.Text.Length > 0)
        {
            if (answer.Json is null && answer.IsSaidToBeJson)
            {
                return SignInExchange.Failed($"{answer.Outcome}, but with no JSON for failWhen.", SignInAdvice.OfAnotherAnswer);
            }

            if (answer.Json is { } json && Fires(failWhen, json))
            {
                return SignInExchange.Failed($"{answer.Outcome}, but failWhen found an error in it.", SignInAdvice.OfRefusal);
            }
        }

        foreach (var extraction in step.Extract)
        {
            var found = extraction.Find(answer);
            if (found is not [{ Length: > 0 } value])
            {
                return SignInExchange.Failed(
                    $"{answer.Outcome}, but {extraction.Source} of '{extraction.Name}' {(found is null ? extraction.Unfound : LoginExtraction.NotOne)}.",
                    SignInAdvice.OfAnotherAnswer + " Else look at what extract says of it.");
            }

            if (values.TryGetValue(extraction.Name, out var before) && before != value)
            {
                // A service may still know it, and echo it.
                values[$"{extraction.Name}{Replaced}{values.Count}"] = before;
            }

            values[extraction.Name] = value;
        }

        return null;
    }

    private static bool Fires(JsonPathQuery query, JsonElement json) => query.Select(json).Any(node => node.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => node.GetString() is { Length: > 0 },
        JsonValueKind.Array => node.GetArrayLength() > 0,
        JsonValueKind.Object => node.EnumerateObject().Any(),
        _ => true,
    });
}
