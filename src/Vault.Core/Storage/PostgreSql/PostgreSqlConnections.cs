using System.Net;
using Npgsql;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Connections to the database: from the pool, for a moment, or lasting ones of one holder each. No <c>async</c> method awaits a value of
/// one of Npgsql's own types: where the types of this assembly are listed, for its migrations, that would load Npgsql on SQLite, too.
/// </summary>
internal sealed class PostgreSqlConnections : IAsyncDisposable, IDisposable
{
    private const int MostPooled = 15;
    private const int MostAside = 4;
    private const int SecondsToConnect = 10;
    private const int SecondsOfSilence = 10;
    private const int SecondsOfACommand = 15;

    // Whatever the server's default: what was promised survives a crash of it.
    private const string Durable = @"-c synchronous_commit=on -c default_transaction_isolation=read\ committed";

    // A process that freezes in the middle of a change holds the others up no longer than they wait for the audit (8 s).
    private const string Bounds = Durable + " -c idle_in_transaction_session_timeout=5s -c lock_timeout=7s";

    /// <summary>Takes the setting; nothing is connected yet.</summary>
    /// <exception cref="VaultStartException">It isn't a connection string, or lacks the host.</exception>
    public PostgreSqlConnections(string setting)
    {
        var text = Read(setting);
        RequireOneHost(text);
        IsUnverified = text.SslMode is not SslMode.VerifyFull && !IsLocal(text.Host ?? "");
        Place = $"the database '{text.Database ?? text.Username}' on {text.Host}:{text.Port} (ConnectionStrings:Vault)";
        var options = text.Options;
        text.Options = $"{options} {Bounds}".Trim();
        Pooled = NpgsqlDataSource.Create(text);
        var pooled = text.MaxPoolSize;
        (text.MaxPoolSize, text.MinPoolSize) = (MostAside, 0);
        Aside = NpgsqlDataSource.Create(text);
        text.MaxPoolSize = pooled;
        text.Options = $"{options} {Durable}".Trim();

        // What ends the process, or the connection, gives all free that its holder had locked. Statements stay prepared.
        text.Pooling = false;
        text.CommandTimeout = Math.Min(text.CommandTimeout, SecondsOfACommand);
        text.MaxAutoPrepare = 20;
        text.AutoPrepareMinUsages = 2;
        Lasting = NpgsqlDataSource.Create(text);
    }

    /// <summary>Where the database is, for messages; never a password.</summary>
    public string Place { get; }

    /// <summary>Whether the server is elsewhere, and nobody checks that it is the right one.</summary>
    public bool IsUnverified { get; }

    /// <summary>A few of another pool, for what has to go on though all others are taken: to hear of what others change, above all.</summary>
    public NpgsqlDataSource Aside { get; }

    /// <summary>At most 15 at once, unless the setting says otherwise.</summary>
    public NpgsqlDataSource Pooled { get; }

    /// <summary>Each is a connection of its own.</summary>
    public NpgsqlDataSource Lasting { get; }

    /// <summary>Connections that nobody uses are closed, those in use when they are given back: the next users get new ones.</summary>
    public void Renew()
    {
        Pooled.Clear();
        Aside.Clear();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Pooled.DisposeAsync();
        await Aside.DisposeAsync();
        await Lasting.DisposeAsync();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Pooled.Dispose();
        Aside.Dispose();
        Lasting.Dispose();
    }

    private static bool IsLocal(string host) => host.StartsWith('/') || host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static void RequireOneHost(NpgsqlConnectionStringBuilder text)
    {
        if (text.Host?.Contains(',', StringComparison.Ordinal) is true)
        {
            throw new VaultStartException(
                "ConnectionStrings:Vault names several hosts; name one. Replicas that reach different servers have different locks: let one address lead to the primary.");
        }
    }

    private static NpgsqlConnectionStringBuilder Read(string setting)
    {
        NpgsqlConnectionStringBuilder text;
        try
        {
            text = new NpgsqlConnectionStringBuilder(setting);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // Its message may hold a part of the setting, which holds a password.
            throw new VaultStartException("ConnectionStrings:Vault can't be read as a connection string of PostgreSQL, as in 'Host=…;Database=…;Username=…;Password=…'.");
        }

        if (string.IsNullOrWhiteSpace(text.Host))
        {
            throw new VaultStartException("ConnectionStrings:Vault must name the host of the PostgreSQL, as in 'Host=…;Database=…;Username=…;Password=…'.");
        }

        // Defaults, where the setting is silent: replicas share what the server allows, and a server that is gone is noticed.
        SetDefault("Maximum Pool Size", MostPooled);
        SetDefault("Timeout", SecondsToConnect);
        SetDefault("Keepalive", SecondsOfSilence);
        SetDefault("Application Name", "vault");
        return text.MaxPoolSize >= Math.Max(1, text.MinPoolSize) ? text
            : throw new VaultStartException("ConnectionStrings:Vault: Maximum Pool Size must be 1 at least, and no less than Minimum Pool Size.");

        void SetDefault(string keyword, object value)
        {
            if (!text.ContainsKey(keyword) || text[keyword] is null || !text.ShouldSerialize(keyword))
            {
                text[keyword] = value;
            }
        }
    }
}
