using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Vault.Core.Storage.PostgreSql;

namespace Vault.Testing;

/// <summary>
/// A real PostgreSQL on a free port of loopback, in a temporary directory, started once per test process by whoever first needs it and
/// stopped, by its own process id, when that ends. It refuses to run as root, so root starts it as the user <c>postgres</c>.
/// </summary>
public sealed class PostgreSqlServer
{
    private const string Template = "vault_template";
    private static readonly Lazy<Task<PostgreSqlServer>> Only = new(StartAsync);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _hasTemplate;

    private PostgreSqlServer(int port) => Port = port;

    /// <summary>Whether the vaults under test are to keep their data there: <c>VAULT_TEST_DATABASE=postgreSql</c>.</summary>
    public static bool IsWanted => Environment.GetEnvironmentVariable("VAULT_TEST_DATABASE") == "postgreSql";

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The server of this process.</summary>
    public static Task<PostgreSqlServer> GetAsync() => Only.Value;

    /// <summary>The settings of a vault whose data directory is this one; the same directory gives the same database, made at its first use.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> SettingsAsync(string dataDirectory)
    {
        var server = await GetAsync();
        var name = NameOf(dataDirectory);
        return new Dictionary<string, string?>
        {
            ["Vault:Database:Provider"] = "postgreSql",
            ["ConnectionStrings:Vault"] = await server.EnsureAsync(name),
        };
    }

    /// <summary>Removes the database of a data directory, whoever is connected.</summary>
    public static async Task DropAsync(string dataDirectory)
    {
        await using var connection = await (await GetAsync()).OpenAsync("postgres");
        await using var command = new NpgsqlCommand($"DROP DATABASE IF EXISTS {NameOf(dataDirectory)} WITH (FORCE)", connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The connection string of a database, which is made if it isn't there; its schema is up to date.</summary>
    public async Task<string> EnsureAsync(string database)
    {
        await _gate.WaitAsync();
        try
        {
            if (!_hasTemplate)
            {
                // Copying what was migrated once is faster than migrating each.
                await CreateAsync(Template, null);
                await using (var context = new PostgreSqlVaultDbContext(
                    new DbContextOptionsBuilder<PostgreSqlVaultDbContext>().UseNpgsql(ConnectionString(Template) + ";Pooling=false").Options))
                {
                    await context.Database.MigrateAsync();
                }

                _hasTemplate = true;
            }

            await using var connection = await OpenAsync("postgres");
            await using var command = new NpgsqlCommand("SELECT COUNT(*) FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = database } } };
            if (await command.ExecuteScalarAsync() is 0L)
            {
                await CreateAsync(database, Template);
            }

            return ConnectionString(database);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A fresh, empty database without any schema.</summary>
    public async Task<string> CreateEmptyAsync()
    {
        var name = "empty_" + Guid.NewGuid().ToString("N");
        await CreateAsync(name, null);
        return ConnectionString(name);
    }

    /// <summary>Runs a statement, as somebody who can write to the database.</summary>
    public static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task<PostgreSqlServer> StartAsync()
    {
        var programs = Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Last() + "/bin/";
        var directory = Directory.CreateTempSubdirectory("vault-postgresql-").FullName;
        var isRoot = Environment.UserName == "root";
        if (isRoot)
        {
            await RunAsync("chown", "postgres", directory);
        }

        await RunAsync([.. AsUser(isRoot), programs + "initdb", "-D", directory + "/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        var port = FreePort.Find();

        // Nothing of a test outlives a crash of the machine.
        string[] options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "fsync=off", "-c", "full_page_writes=off"];
        await RunAsync([
            .. AsUser(isRoot), programs + "pg_ctl", "-D", directory + "/data", "-w", "-l", directory + "/log", "-o",
            $"-p {port.ToString(CultureInfo.InvariantCulture)} -k {directory} {string.Join(' ', options)}", "start",
        ]);
        var server = new PostgreSqlServer(port);

        // Outlives this process, however it ends: stops the server that the file in its own directory names, at once, since nobody reads
        // this data any more.
        string[] stop = [.. AsUser(isRoot), programs + "pg_ctl", "-D", directory + "/data", "-w", "-m", "immediate", "stop"];
        Process.Start("setsid", [
            "bash", "-c", "exec >/dev/null 2>&1; tail --pid=\"$1\" -f /dev/null; directory=$2; shift 2; \"$@\"; rm -rf \"$directory\"", "stop",
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture), directory, .. stop,
        ]);
        return server;
    }

    private static string NameOf(string dataDirectory) => "vault_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDirectory)).AsSpan(0, 8));

    private static string[] AsUser(bool isRoot) => isRoot ? ["runuser", "-u", "postgres", "--"] : [];

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
        }
    }

    private string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database};Maximum Pool Size=10";

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private async Task CreateAsync(string database, string? template)
    {
        await using var connection = await OpenAsync("postgres");
        await using var command = new NpgsqlCommand($"CREATE DATABASE {database} TEMPLATE {template ?? "template0"}", connection);
        await command.ExecuteNonQueryAsync();
    }
}
