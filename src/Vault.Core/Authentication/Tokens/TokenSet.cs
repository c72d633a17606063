using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What a sign-in gave: named values, and when they end.</summary>
/// <param name="Id">Of this sign-in.</param>
/// <param name="Values">By the names of <c>extract</c>.</param>
/// <param name="ObtainedAt">When.</param>
/// <param name="ExpiresAt">When they end; null: when the upstream says so.</param>
public sealed record TokenSet(
    Guid Id, IReadOnlyDictionary<string, SecretText> Values, DateTimeOffset ObtainedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>The value that renews the token and must outlive it: a refresh token.</summary>
    public const string RenewalName = "refreshToken";

    private static readonly TimeSpan LongestLead = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(5);

    /// <summary>Whether it holds what renews it, so that it is of use after its end.</summary>
    public bool IsRenewable => Values.ContainsKey(RenewalName);

    /// <summary>The same without what renews it.</summary>
    public TokenSet WithoutRenewal() => IsRenewable ? this with { Values = Values.Where(value => value.Key != RenewalName).ToDictionary() } : this;

    /// <summary>Whether it has ended.</summary>
    public bool IsExpired(DateTimeOffset now) => ExpiresAt <= now;

    /// <summary>
    /// Whether it is time to renew it: 60 s before the end, or a tenth of the life if that is less. Also where it was got in the future, by more than
    /// replicas may differ: the clock was set back, and nobody knows when it ends.
    /// </summary>
    public bool IsDue(DateTimeOffset now)
    {
        if (ExpiresAt is not { } end)
        {
            return false;
        }

        var tenth = (end - ObtainedAt) / 10;
        return ObtainedAt - now > MostSkew || now >= end - (tenth < LongestLead ? tenth : LongestLead);
    }

    /// <summary>Never the values.</summary>
    public override string ToString() => "***";
}
