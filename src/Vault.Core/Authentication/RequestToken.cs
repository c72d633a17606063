using Vault.Core.Authentication.Tokens;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>A token that each request gets anew, because it is made of the request; nothing of it is kept.</summary>
/// <param name="Names">The names that <c>$Token.</c> may be followed by.</param>
/// <param name="NamesBody">Whether it is made of the body as it is sent, and so can't stand in it.</param>
/// <param name="Make">Makes it, of what the settings mean for this request: no token is known there.</param>
public sealed record RequestToken(IReadOnlyList<string> Names, bool NamesBody, Func<IMergeScope, Result<TokenSet>> Make);
