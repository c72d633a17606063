using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Has what follows an answer of the database go on on a thread of the pool: EF Core reads, tracks and compiles there, and whoever asked
/// goes on there, neither of which is for the thread of a socket, which the callouts of many connections share (<c>Vault:InlineSockets</c>).
/// </summary>
internal sealed class LeavesSocketThread : IDbConnectionInterceptor, IDbCommandInterceptor, IDbTransactionInterceptor
{
    public async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default) => await LeaveAsync(true);

    public ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default) =>
        LeaveAsync(result);

    public ValueTask<object?> ScalarExecutedAsync(DbCommand command, CommandExecutedEventData eventData, object? result, CancellationToken cancellationToken = default) => LeaveAsync(result);

    public ValueTask<int> NonQueryExecutedAsync(DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default) => LeaveAsync(result);

    public ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default) =>
        LeaveAsync(result);

    public async Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) => await LeaveAsync(true);

    private static ValueTask<T> LeaveAsync<T>(T result)
    {
        return Thread.CurrentThread.IsThreadPoolThread ? ValueTask.FromResult(result) : YieldAsync(result);

        static async ValueTask<T> YieldAsync(T result)
        {
            await Task.Yield();
            return result;
        }
    }
}
