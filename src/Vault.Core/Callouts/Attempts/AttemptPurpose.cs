namespace Vault.Core.Callouts.Attempts;

/// <summary>What an attempt is made for.</summary>
internal enum AttemptPurpose
{
    /// <summary>To be sent.</summary>
    Send,

    /// <summary>To find out whether it could be sent: with the values themselves, but nothing is fetched or used up, and nobody sees it.</summary>
    Judge,

    /// <summary>To be seen: with masks in place of the values.</summary>
    Show,
}
