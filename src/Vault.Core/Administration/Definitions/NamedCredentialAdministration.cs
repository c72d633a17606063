using Microsoft.EntityFrameworkCore;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Administration.Definitions;

/// <summary>Creates, changes and deletes named credentials; contract sections 4 and 9.</summary>
public sealed class NamedCredentialAdministration(
    ChangeGate gate, DefinitionCatalog definitions, DefinitionCodec codec, EgressPolicy egress, CredentialBinder binder, SecretSealer sealer,
    AuthenticationProtocols protocols, SecretSources sources)
{
    private readonly NamedCredentialLink _link = new(codec, binder, sealer);
    private readonly InlineCredential _inline = new(codec, egress, binder, sealer, protocols, sources);

    /// <summary>Creates one.</summary>
    /// <param name="input">What was sent.</param>
    /// <param name="role">Of who sent it.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public Task<Result<Tagged<NamedCredentialView>>> CreateAsync(NamedCredentialInput input, VaultRole role, CancellationToken cancellationToken) =>
        WriteAsync(input, null, role, Precondition.None, discardSecrets: false, cancellationToken);

    /// <summary>Creates or replaces one.</summary>
    public Task<Result<Tagged<NamedCredentialView>>> PutAsync(
        DeveloperName name, NamedCredentialInput input, VaultRole role, Precondition precondition, bool discardSecrets, CancellationToken cancellationToken) =>
        WriteAsync(input, name, role, precondition, discardSecrets, cancellationToken);

    /// <summary>Deletes one, with its grants, and with the external credential that it made inline if nothing else uses that.</summary>
    public Task<Result<bool>> DeleteAsync(DeveloperName name, Precondition precondition, CancellationToken cancellationToken) => gate.ApplyAsync<bool>(
        async draft =>
        {
            var current = draft.Definitions.NamedCredentials.GetValueOrDefault(name.Key);
            if (current is null)
            {
                return precondition.IfMatch is null ? NotFound(name) : precondition.Judge(null) ?? NotFound(name);
            }

            if (precondition.Judge(TagOf(current)) is { } failed)
            {
                return failed;
            }

            await draft.Database.NamedCredentials.Where(row => row.Id == current.Id).ExecuteDeleteAsync();
            draft.Changed.Add(new Changed(ChangeKind.NamedCredential, current.Name.Key));
            draft.Definitions = draft.Definitions.Without(current);
            draft.Access = draft.Access with { Grants = draft.Access.Grants.WithoutNamedCredential(current.Id) };
            await EndOwnTokensAsync(draft, current, after: null);
            await InlineCredential.RemoveUnusedAsync(draft, current);
            return true;
        },
        cancellationToken);

    /// <summary>Reads one.</summary>
    public Result<Tagged<NamedCredentialView>> Get(DeveloperName name)
    {
        var snapshot = definitions.Current;
        return snapshot.NamedCredentials.TryGetValue(name.Key, out var named)
            ? new Tagged<NamedCredentialView>(NamedCredentialRules.ToView(named, snapshot), TagOf(named))
            : NotFound(name);
    }

    /// <summary>Reads a page of them.</summary>
    public Page<NamedCredentialView> List(PageRequest request)
    {
        var snapshot = definitions.Current;
        var (items, next) = request.Take(snapshot.NamedCredentials.Values, named => named.Name.Key, named => named.Label);
        return new Page<NamedCredentialView>([.. items.Select(named => NamedCredentialRules.ToView(named, snapshot))], next);
    }

    // What an admin allowed was allowed for the secrets of that external credential.
    private static bool StaysLinked(Draft draft, NamedCredential? before, NamedCredentialInput input) => before is not null
        && DeveloperName.TryParse(input.ExternalCredential, out var name)
        && draft.Definitions.ExternalCredentials.TryGetValue(before.ExternalCredentialId, out var external) && external.Name.Key == name.Key;

    // The read form shows what inline authentication made by its name alone. With another host in it, that host is asked for as if the
    // authentication stood there unchanged.
    private static NamedCredentialInput WithInline(Draft draft, NamedCredentialInput input, DeveloperName? route) =>
        route is { } name && input.Authentication is null && DeveloperName.TryParse(input.ExternalCredential, out var external) && external == name
        && ExternalCredentialAdministration.Find(draft.Definitions, external) is { IsInline: true } own
        && draft.Definitions.NamedCredentials.GetValueOrDefault(name.Key)?.ExternalCredentialId == own.Id
        && input.Url is { Length: > 0 } url && UrlOrigin.Read(UrlOrigin.DropDot(url)) is { } origin && own.AllowedHosts?.Any(host => host.Matches(origin)) is false
            ? input with { ExternalCredential = null, Authentication = own.Authentication }
            : input;

    private static VaultError? JudgeGrants(Draft draft, NamedCredential named, Guid external)
    {
        var principals = draft.Definitions.ExternalCredentials[external].Principals.Select(principal => principal.Name.Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return GrantedPrincipals.Judge(draft, new HashSet<Guid> { named.Id }, name => !principals.Contains(name));
    }

    // What was got by its url, or with its client certificate, can be ended nowhere else, and is of no use with another one. But what a person consented to is once the url is set
    // back, and nobody else could get it anew.
    private async Task EndOwnTokensAsync(Draft draft, NamedCredential before, NamedCredential? after)
    {
        if (after is not null && after.Url.Text == before.Url.Text && after.ExternalCredentialId == before.ExternalCredentialId
            && (before.ClientCertificate is null || after.ClientCertificate == before.ClientCertificate))
        {
            return;
        }

        if (binder.Bind(draft.Definitions.ExternalCredentials[before.ExternalCredentialId]) is { IsOk: true, Value.Authentication.Tokens: { } protocol }
            && (after is null || protocol.ConsentParameters is null))
        {
            await SecretChanges.EndOwnTokensAsync(draft, before);
        }
    }

    private static VaultError NotFound(DeveloperName name) => new(ErrorCodes.NotFound, $"There is no named credential {name}.");

    private static string TagOf(NamedCredential named) => EntityTag.Of(named.Id, named.Version);

    /// <summary>Creates or replaces one as part of a change.</summary>
    internal async Task<Result<Tagged<NamedCredentialView>>> WriteAsync(
        Draft draft, NamedCredentialInput input, DeveloperName? route, VaultRole role, Precondition precondition, bool discardSecrets)
    {
        // 1 What is there, and may it be changed.
        var before = route is { } name ? draft.Definitions.NamedCredentials.GetValueOrDefault(name.Key) : null;
        if (precondition.Judge(before is null ? null : TagOf(before)) is { } failed)
        {
            return failed;
        }

        // 2 The input by itself.
        var errors = new InputErrors();
        var made = NamedCredentialRules.Make(input, route, before, egress.AllowHttp || role is VaultRole.Operator, draft.Now, errors);
        var inline = input.Authentication is { } authentication ? InlineAuthentication.Read(authentication, protocols, errors) : null;
        if ((input.ExternalCredential is null) == (input.Authentication is null))
        {
            errors.Add("$.externalCredential", "Either externalCredential or authentication must stand, and not both.");
        }

        // Who may not set something isn't told how it would have to be written.
        if (role is not VaultRole.Admin && NamedCredentialRules.JudgeOperator(input, StaysLinked(draft, before, input) ? before : null) is { } forbidden)
        {
            return forbidden;
        }

        if (errors.Any || made is null)
        {
            return errors.ToError();
        }

        if (before is null && draft.Definitions.NamedCredentials.ContainsKey(made.Name.Key))
        {
            return new VaultError(ErrorCodes.AlreadyExists, $"There is a named credential {made.Name} already.");
        }

        // 3 The external credential that it uses, made or changed where it is inline.
        var linked = inline is null
            ? await _link.LinkAsync(draft, made, input.ExternalCredential ?? "", role)
            : await _inline.WriteAsync(draft, made, before, inline, discardSecrets);
        if (!linked.IsOk)
        {
            return linked.Error;
        }

        if (before is not null && before.ExternalCredentialId != linked.Value && JudgeGrants(draft, before, linked.Value) is { } granted)
        {
            return granted;
        }

        // 4 The definition itself.
        made = made with { ExternalCredentialId = linked.Value };
        var row = codec.ToRow(made);
        if (before is null)
        {
            draft.Database.NamedCredentials.Add(row);
        }
        else
        {
            draft.Database.NamedCredentials.Update(row).Property(entity => entity.Version).OriginalValue = before.Version;
            if (made.ServerCertificates != before.ServerCertificates || made.ClientCertificate != before.ClientCertificate)
            {
                // Sign-ins go over its connections, too: one that failed may go well now, and none may go on over those of before.
                draft.Evicted.UnionWith([made.ExternalCredentialId, before.ExternalCredentialId]);
            }

            await EndOwnTokensAsync(draft, before, made);
        }

        draft.Definitions = draft.Definitions.With(made);
        return new Tagged<NamedCredentialView>(NamedCredentialRules.ToView(made, draft.Definitions), TagOf(made), before is null);
    }

    private Task<Result<Tagged<NamedCredentialView>>> WriteAsync(
        NamedCredentialInput input, DeveloperName? route, VaultRole role, Precondition precondition, bool discardSecrets, CancellationToken cancellationToken) =>
        gate.ApplyAsync(
            draft => WriteAsync(draft, role is VaultRole.Admin ? WithInline(draft, input, route) : input, route, role, precondition, discardSecrets), cancellationToken);
}
