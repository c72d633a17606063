namespace Vault.Core.Administration.VaultKeys;

/// <summary>How a sealed value stands.</summary>
internal enum SealedJudgement
{
    /// <summary>It was opened.</summary>
    Opens,

    /// <summary>Its wrap was opened; it is bound to settings that were changed since, and of no use any more.</summary>
    Outdated,

    /// <summary>What it is bound to can't be read.</summary>
    Orphaned,

    /// <summary>It can't be opened.</summary>
    Damaged,
}

/// <summary>What a verification found so far.</summary>
internal sealed class KeyFindings
{
    private const int MostProblems = 100;
    private readonly List<KeyProblem> _problems = [];
    private long _authentic;
    private long _opened;
    private long _outdated;
    private long _underOlderKeys;
    private long _failed;

    /// <summary>A row that isn't sealed.</summary>
    public void Authentic(bool isAuthentic, string kind, string id, string problem)
    {
        _authentic += isAuthentic ? 1 : 0;
        Note(isAuthentic ? null : problem, kind, id);
    }

    /// <summary>A sealed value.</summary>
    public void Opened(SealedJudgement judgement, bool isUnderActiveKey, string kind, string id)
    {
        _opened += judgement is SealedJudgement.Opens ? 1 : 0;
        _outdated += judgement is SealedJudgement.Outdated ? 1 : 0;
        _underOlderKeys += !isUnderActiveKey && judgement is SealedJudgement.Opens or SealedJudgement.Outdated ? 1 : 0;
        Note(
            judgement switch
            {
                SealedJudgement.Opens or SealedJudgement.Outdated => null,
                SealedJudgement.Orphaned => "Its external credential can't be read.",
                _ => "It can't be opened: it is damaged, belongs elsewhere, or its vault key is missing.",
            },
            kind, id);
    }

    /// <summary>Rows whose columns can't be decoded.</summary>
    public void Undecodable(string kind, int count, IReadOnlyList<string> ids)
    {
        for (var at = 0; at < count; at++)
        {
            Note("Its columns can't be decoded: something else than this vault wrote them.", kind, at < ids.Count ? ids[at] : "");
        }
    }

    /// <summary>All of it.</summary>
    public KeyVerdict ToVerdict() => new(_failed == 0, _opened, _authentic, _failed, _outdated, _underOlderKeys, _problems);

    private void Note(string? problem, string kind, string id)
    {
        if (problem is null)
        {
            return;
        }

        _failed++;
        if (_problems.Count < MostProblems)
        {
            _problems.Add(new KeyProblem(kind, id, problem));
        }
    }
}
