namespace Vault.Api.Hosting;

/// <summary>Judges the levels of logs: one that is none would end the start with an exception that doesn't say which setting it was.</summary>
internal static class LogLevels
{
    /// <summary>Judges <c>Logging:LogLevel</c>, and those of each provider.</summary>
    /// <exception cref="VaultSettingException">One is no level.</exception>
    public static void Judge(IConfiguration configuration)
    {
        var logging = configuration.GetSection("Logging");
        foreach (var level in logging.GetChildren().Select(provider => provider.GetSection("LogLevel")).Prepend(logging.GetSection("LogLevel")).SelectMany(levels => levels.GetChildren()))
        {
            if (level.Value is { Length: > 0 } text && !Enum.TryParse<LogLevel>(text, ignoreCase: true, out _))
            {
                throw new VaultSettingException(level.Path, $"must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}.");
            }
        }
    }
}
