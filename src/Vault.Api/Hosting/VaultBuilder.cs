using System.Text.Json;

namespace Vault.Api.Hosting;

/// <summary>Begins every run, the vault's and its commands', with the settings that there are.</summary>
internal static class VaultBuilder
{
    /// <summary>Reads files, environment and command line.</summary>
    /// <exception cref="VaultSettingException">One of them can't be read.</exception>
    public static WebApplicationBuilder Create(string[] args)
    {
        try
        {
            // The settings file lies beside the program, whatever directory it is started in.
            return WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (InvalidDataException exception)
        {
            throw new VaultSettingException("A file of settings", $"can't be read. {exception.Message} {Reason(exception)}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultSettingException("A file of settings", $"can't be read. {exception.Message}");
        }
        catch (FormatException)
        {
            // Its message repeats the argument, whose value may be a secret.
            throw new VaultSettingException("An argument", "begins with a single dash; settings go by --Name=value, --Name value or Name=value.");
        }
    }

    // What is said of text that isn't JSON repeats a part of it, and that may be one of a secret.
    private static string Reason(InvalidDataException exception) => exception.InnerException switch
    {
        FormatException { InnerException: JsonException { LineNumber: { } line } } => $"It isn't JSON at line {line + 1}.",
        FormatException { InnerException: null } format => format.Message,
        _ => "",
    };
}
