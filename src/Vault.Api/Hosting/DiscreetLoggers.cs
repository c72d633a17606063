using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;

namespace Vault.Api.Hosting;

/// <summary>
/// Makes the loggers of the platform such that no setting has them write what stands in requests and answers: URLs with secrets in their
/// queries, header lines with keys. Levels are the settings' to choose, by category and provider, and whoever looks for a fault raises them all.
/// </summary>
/// <param name="inner">Makes loggers as the settings have them.</param>
internal sealed class DiscreetLoggers(ILoggerFactory inner) : ILoggerFactory
{
    // Whose messages, or exceptions, are of requests and upstreams whatever their level. The vault has lines of its own for what they tell.
    private static readonly string[] Silent = ["Yarp.", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Diagnostics."];

    // Which write nothing of a request; the last one says where the vault listens.
    private static readonly string[] Trusted = ["Vault.", "Microsoft.Hosting.Lifetime"];

    /// <summary>Puts them in place, for every provider of logs that there is or will be.</summary>
    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<LoggerFactory>();
        services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(provider => new DiscreetLoggers(provider.GetRequiredService<LoggerFactory>())));
    }

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) =>
        Begins(categoryName, Silent) ? NullLogger.Instance
        : Begins(categoryName, Trusted) ? inner.CreateLogger(categoryName)
        : new Discreet(inner.CreateLogger(categoryName));

    /// <inheritdoc />
    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    /// <inheritdoc />
    public void Dispose() => inner.Dispose();

    private static bool Begins(string category, string[] names) => names.Any(name => category.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    // Below a warning the platform writes what comes and goes, as in a header line that can't be read; its scopes hold paths.
    private sealed class Discreet(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
