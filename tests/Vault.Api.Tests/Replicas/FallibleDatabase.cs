using System.Net;
using Vault.Testing;

namespace Vault.Api.Tests.Replicas;

/// <summary>A database that goes away and comes back: what reaches it through <see cref="Through"/> finds nobody meanwhile.</summary>
internal sealed class FallibleDatabase : IAsyncDisposable
{
    private readonly TcpRelay _relay;
    private readonly Switch _switch;

    private FallibleDatabase(string direct, string through, TcpRelay relay, Switch isGone) => (Direct, Through, _relay, _switch) = (direct, through, relay, isGone);

    private sealed class Switch
    {
        public volatile bool IsGone;
    }

    /// <summary>The connection string of who is never cut off.</summary>
    public string Direct { get; }

    /// <summary>The connection string of who is.</summary>
    public string Through { get; }

    /// <summary>A new one.</summary>
    /// <param name="isEmpty">Whether it has no schema yet.</param>
    public static async Task<FallibleDatabase> CreateAsync(bool isEmpty = false)
    {
        var server = await PostgreSqlServer.GetAsync();
        var direct = isEmpty ? await server.CreateEmptyAsync() : await server.EnsureAsync("fallible_" + Guid.NewGuid().ToString("N"));
        var isGone = new Switch();
        var relay = TcpRelay.Start(_ => Task.FromResult(isGone.IsGone ? null : new IPEndPoint(IPAddress.Loopback, server.Port)));
        return new FallibleDatabase(direct, direct.Replace($"Port={server.Port}", $"Port={relay.Port}", StringComparison.Ordinal), relay, isGone);
    }

    /// <summary>Goes away, with all connections that there are.</summary>
    public async Task GoAsync()
    {
        _switch.IsGone = true;
        await BreakAsync();
    }

    /// <summary>Ends all connections; new ones are welcome.</summary>
    public async Task BreakAsync() =>
        await PostgreSqlServer.ExecuteAsync(Direct, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    /// <summary>Comes back.</summary>
    public void Return() => _switch.IsGone = false;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _relay.DisposeAsync();
}
