using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;
using Vault.Core.Administration.Secrets;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Changes;

/// <summary>
/// All changes go through here, one at a time: judged against the state in force, written in one transaction, then put in force
/// before the answer is sent. A change that is refused, or that the database doesn't take, leaves nothing behind. Where processes share
/// the database, the state is what all of them have committed.
/// </summary>
public sealed partial class ChangeGate(
    IDbContextFactory<VaultDbContext> contexts, DefinitionCatalog definitions, AccessCatalog access, IDefinitionReading reading, IEnumerable<ICredentialCache> caches, TokenEnding ending, AuditTail audit, TimeProvider time,
    ILogger<ChangeGate> logger, ISharedChanges? shared = null) : IDisposable
{
    private static readonly VaultError ReadAnew =
        new(ErrorCodes.StorageUnavailable, "Everything is being read anew from the database; nothing was changed. Try again.") { RetryAfter = TimeSpan.FromSeconds(5) };

    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The clock that changes are dated by.</summary>
    internal DateTimeOffset Now => time.GetUtcNow();

    /// <inheritdoc />
    public void Dispose() => _gate.Dispose();

    internal async Task<Result<T>> ApplyAsync<T>(Func<Draft, Task<Result<T>>> change, CancellationToken cancellationToken)
    {
        var ended = new List<EndedTokens>();
        var result = await ApplyAsync(change, ended, isRehearsal: false, cancellationToken);
        if (result.IsOk)
        {
            // Outside the gate: a service that doesn't answer must not hold up other changes.
            await ending.RunAsync(ended);
        }

        return result;
    }

    /// <summary>Judges a change with all that it would write, and leaves everything as it was.</summary>
    internal Task<Result<T>> RehearseAsync<T>(Func<Draft, Task<Result<T>>> change, CancellationToken cancellationToken) =>
        ApplyAsync(change, [], isRehearsal: true, cancellationToken);

    private async Task<Result<T>> ApplyAsync<T>(
        Func<Draft, Task<Result<T>>> change, List<EndedTokens> ended, bool isRehearsal, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await reading.SettledAsync(cancellationToken) is { } notYet)
            {
                return notYet;
            }

            if (await TryApplyAsync(change, ended, isRehearsal, cancellationToken) is { } result)
            {
                return result;
            }
        }
    }

    // Null: to hear of the others, everything has to be read anew, so nothing was judged yet.
    private async Task<Result<T>?> TryApplyAsync<T>(
        Func<Draft, Task<Result<T>>> change, List<EndedTokens> ended, bool isRehearsal, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        AuditTail.Turn? turn = null;
        var isCommitting = false;
        try
        {
            // A database of one process has one lock for all that is written, so the turn comes before the transaction; where processes
            // share one, it comes last: the records of their callouts don't wait for a change.
            turn = shared is null ? await audit.TakeTurnAsync(cancellationToken) : null;
            await using var database = await contexts.CreateDbContextAsync(cancellationToken);
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
            await using var entered = shared is null ? null : await shared.EnterAsync(database, cancellationToken);
            if (!reading.IsSettled)
            {
                return null;
            }

            var (definitionsBefore, accessBefore) = (definitions.Current, access.Current);
            var draft = new Draft(database, definitionsBefore, accessBefore, time.GetUtcNow());
            if (AuditOrigin.Current?.IsInForce?.Invoke() is false)
            {
                return CallerResolver.Unauthenticated;
            }

            database.SavingChanges += (_, _) => draft.Changed.UnionWith(Touched.Of(database.ChangeTracker));
            var result = await change(draft);
            if (!result.IsOk || isRehearsal)
            {
                // The transaction is rolled back, and the draft forgotten.
                return result;
            }

            if (turn is null)
            {
                await database.SaveChangesAsync(cancellationToken);
                if (entered is not null)
                {
                    await entered.TakeTurnAsync(cancellationToken);
                    if (!reading.IsSettled || !ReferenceEquals(definitions.Current, definitionsBefore) || !ReferenceEquals(access.Current, accessBefore))
                    {
                        // What is read anew has no place for a change that it doesn't hear of from the log; what was read anew must not be undone.
                        return ReadAnew;
                    }
                }

                turn = await audit.TakeTurnAsync(cancellationToken);
            }

            // The change and its records are one transaction: there is never one without the other.
            draft.Changed.UnionWith(Touched.Of(database.ChangeTracker));
            foreach (var audited in Describe(result.Value, draft))
            {
                database.Audit.Add(AuditStore.ToRow(turn.Next(audited)));
            }

            // From here on the change happens, whether or not its caller waits.
            await database.SaveChangesAsync(CancellationToken.None);
            if (entered is not null)
            {
                if (draft.Changed.Count == 0 && !(ReferenceEquals(draft.Definitions, definitionsBefore) && ReferenceEquals(draft.Access, accessBefore)))
                {
                    throw new InvalidOperationException("A change doesn't say what it is about, so no other replica would hear of it.");
                }

                await entered.PublishAsync(
                    [.. draft.Changed, .. draft.Evicted.Select(id => new Changed(ChangeKind.Secrets, id.ToString()))], CancellationToken.None);
            }

            isCommitting = true;
            await transaction.CommitAsync(CancellationToken.None);
            turn.Done();
            AuditOrigin.Current?.IsRecorded = true;
            definitions.Replace(draft.Definitions);
            access.Replace(draft.Access);
            draft.InForce.ForEach(takeEffect => takeEffect());
            entered?.Done();
            foreach (var id in draft.Evicted)
            {
                foreach (var cache in caches)
                {
                    cache.Evict(id);
                }
            }

            ended.AddRange(draft.Ended);

            return result;
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            LogNotWritten(logger, exception.GetType().Name);
            return new VaultError(
                ErrorCodes.StorageUnavailable,
                isCommitting
                    ? "The database went away while it took the change, which may or may not have been made. Read it again before you try again."
                    : "The database could not take the change; nothing was changed. Try again.");
        }
        finally
        {
            try
            {
                if (turn is not null)
                {
                    await turn.DisposeAsync();
                }
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    private static IEnumerable<AuditEvent> Describe<T>(T result, Draft draft)
    {
        var now = draft.Now;
        if (AuditOrigin.Current is not { } origin)
        {
            yield return new AuditEvent(Guid.CreateVersion7().ToString("N"), now, "vault", "vault.changed", "vault", AuditOutcomes.Success);
            yield break;
        }

        var written = result as IWritten;
        var done = origin.Event with
        {
            Outcome = AuditOutcomes.Success,
            Status = written?.Status ?? (result is bool ? 204 : 200),
            DurationMs = Math.Round((now - origin.Event.At).TotalMilliseconds, 1),
        };
        var parts = result is IWrittenTogether together ? together.Parts : [];
        foreach (var one in parts.Concat(ByTheWay.Of(draft, [.. parts, new WrittenPart(done.Action, done.Target)])))
        {
            yield return done with { Action = one.Action, Target = one.Target, Principal = one.Principal, BytesIn = null };
        }

        done = result is IWrittenTogether whole ? done with { Target = whole.Summary } : done;
        yield return written?.IsNew is true ? done with { Action = origin.CreatedAction } : done;
    }

    [LoggerMessage(5001, LogLevel.Error, "A change could not be written: {Fault}.")]
    private static partial void LogNotWritten(ILogger logger, string fault);
}
