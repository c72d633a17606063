using System.CommandLine;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Callouts;

/// <summary><c>vault call</c>: a callout, as an app makes it.</summary>
internal static class CallCommand
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The command.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var options = new RequestOptions(surroundings);
        var include = new Option<bool>("--include", "-i") { Description = "Write status and headers of the answer, too." };
        var fail = new Option<bool>("--fail") { Description = "Exit code 1 where the service answers 400 or more." };
        var output = new Option<string?>("--output", "-o") { Description = "The file for the body; default: standard output." };
        var command = options.AddTo(new Command("call", "Call a service through the vault, like curl. Needs the key of an app, in VAULT_APP_KEY or VAULT_KEY."));
        command.Add(include);
        command.Add(fail);
        command.Add(output);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(ConnectionSettings.ReadForApp(surroundings));
            using var request = new HttpRequestMessage(
                new HttpMethod(options.Method(parsed)), new Uri($"{vault.Address}callout/{VaultConnection.Segment(options.Name(parsed))}{options.Path(parsed)}", AsWritten));
            if (await options.BodyAsync(parsed, surroundings, cancellationToken) is { } body)
            {
                request.Content = new ByteArrayContent(body);
            }

            foreach (var (name, value) in options.Headers(parsed).Where(header => header.Value.Length > 0).Concat(options.CallerHeaders(parsed)))
            {
                if (!request.Headers.TryAddWithoutValidation(name, value) && request.Content?.Headers.TryAddWithoutValidation(name, value) is not true)
                {
                    throw CommandFailure.Usage($"The header {SafeText.Of(name)} can't be sent here.");
                }
            }

            using var answer = await vault.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

            // Only the vault's own answers carry it.
            if (answer.Headers.Contains("X-Vault-Error"))
            {
                await vault.ThrowIfRefusedAsync(answer, cancellationToken);
            }

            if (parsed.GetValue(fail) && (int)answer.StatusCode >= 400)
            {
                throw new CommandFailure(ExitCodes.Failure, $"The service answered {(int)answer.StatusCode}.");
            }

            await WriteAsync(answer, parsed.GetValue(include), parsed.GetValue(output), surroundings, cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task WriteAsync(HttpResponseMessage answer, bool withHead, string? path, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (withHead)
        {
            await surroundings.Output.WriteLineAsync($"HTTP/{answer.Version} {(int)answer.StatusCode} {SafeText.Of(answer.ReasonPhrase)}");
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            {
                foreach (var value in values)
                {
                    await surroundings.Output.WriteLineAsync($"{name}: {SafeText.Of(value)}");
                }
            }

            await surroundings.Output.WriteLineAsync();
            await surroundings.Output.FlushAsync(cancellationToken);
        }

        try
        {
            await using var target = path is null or "-" ? surroundings.OpenOutput() : File.Create(surroundings.PathOf(path));
            await answer.Content.CopyToAsync(target, cancellationToken);
        }
        catch (HttpRequestException)
        {
            throw new CommandFailure(ExitCodes.Failure, "The answer broke off in the middle.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failure, $"The answer broke off, or can't be written ({fault.GetType().Name}).");
        }
    }
}
