using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>
/// <c>Vault:InlineSockets</c>: whether what follows a read or write of a socket runs where the operating system reported it, rather than
/// being handed to another thread. It makes a callout about twice as fast (docs/performance.md), and is safe where nothing on the way of
/// a callout blocks; the admin API, whose database does, leaves the socket's thread first.
/// </summary>
internal static class InlineSockets
{
    /// <summary>The setting.</summary>
    public const string Setting = "Vault:InlineSockets";

    // Read by the platform at the first socket of the process, and by no other way.
    private const string Completions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Whether it is on. By default: not in Development, where debuggers and tests block threads.</summary>
    public static bool IsOn(IConfiguration configuration, IHostEnvironment environment) =>
        configuration[Setting] is { Length: > 0 } text
            ? bool.TryParse(text, out var isOn) ? isOn : throw new VaultSettingException(Setting, "must be true or false.")
            : !environment.IsDevelopment();

    /// <summary>Turns it on for this process, before its first socket; a setting of the operator's own stays.</summary>
    public static void TurnOn()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Completions)))
        {
            Environment.SetEnvironmentVariable(Completions, "1");
        }
    }

    /// <summary>What comes behind this may block: it never runs on a socket's thread, nor goes on on one of the database's.</summary>
    public static void UseOwnThread(this WebApplication app)
    {
        if (!IsOn(app.Configuration, app.Environment))
        {
            return;
        }

        app.Use(static (context, next) => PoolThreads.RunAsync(() => next(context)));
    }
}
