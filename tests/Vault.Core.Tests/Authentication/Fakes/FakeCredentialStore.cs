using Vault.Core.Authentication.Credentials;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>Parameters in memory; a load can be held back to force a race.</summary>
internal sealed class FakeCredentialStore : ICredentialStore
{
    private int _loads;

    public List<SealedParameter> Parameters { get; } = [];

    public TaskCompletionSource? Gate { get; set; }

    public TaskCompletionSource Reached { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Exception? Fault { get; set; }

    public int Loads => Volatile.Read(ref _loads);

    public async Task<IReadOnlyList<SealedParameter>> LoadAsync(
        Guid externalCredentialId, Guid principalId, string user, DateTimeOffset retiredSince, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        SealedParameter[] read = [.. Parameters.Where(parameter => parameter.RetiredAt is null || parameter.RetiredAt >= retiredSince)];
        Reached.TrySetResult();
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        return Fault is null ? read : throw Fault;
    }

    public Task<long?> VersionOfAsync(Guid externalCredentialId, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public bool IsUnavailable(Exception exception) => exception is IOException;
}
