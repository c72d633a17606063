using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Vault.Core.Access;
using Vault.Core.Administration.Access;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Codec;

namespace Vault.Seed;

/// <summary>
/// A million named credentials in minutes: each with a url, an external credential, a secret and a grant of its own. The rows are made by the
/// vault's codecs, authenticated and sealed as ever; only the way into the database is another one.
/// </summary>
internal sealed class BulkSeed(IServiceProvider services, string connectionString)
{
    private const int AtOnce = 50_000;
    private readonly DefinitionCodec _definitions = services.GetRequiredService<DefinitionCodec>();
    private readonly AccessCodec _access = services.GetRequiredService<AccessCodec>();
    private readonly CredentialBinder _binder = services.GetRequiredService<CredentialBinder>();
    private readonly SecretSealer _sealer = services.GetRequiredService<SecretSealer>();
    private readonly DateTimeOffset _now = services.GetRequiredService<TimeProvider>().GetUtcNow();
    private readonly JsonElement _authentication = JsonSerializer.SerializeToElement(new { protocol = "bearer" });

    /// <summary>Writes them, and gives the key of the app that they are granted to.</summary>
    public async Task<string> WriteAsync(int count, string url, string token)
    {
        await services.GetRequiredService<BootstrapAdminKey>().EnsureAsync(null, CancellationToken.None);
        var apps = services.GetRequiredService<AppAdministration>();
        var made = await apps.CreateAsync(new AppInput("Bench", null), CancellationToken.None);
        var key = await services.GetRequiredService<KeyAdministration>().CreateForAppAsync(DeveloperName.Parse("Bench"), new AppKeyInput(null), CancellationToken.None);
        if (!made.IsOk || !key.IsOk)
        {
            throw new InvalidOperationException("The app could not be made.");
        }

        var app = services.GetRequiredService<AccessCatalog>().Current.AppIds["bench"];
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var hosts = new[] { AllowedHost.Parse(new Uri(url).GetLeftPart(UriPartial.Authority)).Value ?? throw new InvalidOperationException("The url has no host.") };
        for (var from = 0; from < count; from += AtOnce)
        {
            await WriteAsync(connection, app, Make(from, Math.Min(AtOnce, count - from), url, hosts), Encoding.UTF8.GetBytes(token));
        }

        await using var analyze = new NpgsqlCommand("ANALYZE", connection);
        await analyze.ExecuteNonQueryAsync();
        return key.Value.Key;
    }

    private (NamedCredential Named, ExternalCredential External)[] Make(int from, int count, string url, AllowedHost[] hosts) =>
    [
        .. Enumerable.Range(from, count).AsParallel().Select(number =>
        {
            var name = DeveloperName.Parse("Service" + number.ToString(CultureInfo.InvariantCulture));
            var external = new ExternalCredential
            {
                Id = Guid.NewGuid(),
                Name = name,
                Authentication = _authentication,
                AllowedHosts = hosts,
                Principals = [new Principal(Guid.NewGuid(), DeveloperName.Parse("default"), 1)],
                IsInline = true,
                Version = 1,
                CreatedAt = _now,
                UpdatedAt = _now,
            };
            var named = new NamedCredential
            {
                Id = Guid.NewGuid(),
                Name = name,
                Url = MergeTemplate.Parse($"{url}/service{number}").Value ?? throw new InvalidOperationException("The url is no url."),
                ExternalCredentialId = external.Id,
                Version = 1,
                CreatedAt = _now,
                UpdatedAt = _now,
            };
            return (named, external);
        }),
    ];

    private async Task WriteAsync(NpgsqlConnection connection, Guid app, (NamedCredential Named, ExternalCredential External)[] pairs, byte[] token)
    {
        await CopyAsync(connection, "external_credentials (\"Id\", \"NameKey\", \"Document\", \"Version\", \"CreatedAt\", \"UpdatedAt\", \"Mac\")", pairs, pair =>
        {
            var row = _definitions.ToRow(pair.External);
            return [row.Id, row.NameKey, row.Document, row.Version, row.CreatedAt.UtcTicks, row.UpdatedAt.UtcTicks, row.Mac];
        });
        await CopyAsync(connection, "named_credentials (\"Id\", \"NameKey\", \"ExternalCredentialId\", \"Document\", \"Version\", \"CreatedAt\", \"UpdatedAt\", \"Mac\")", pairs, pair =>
        {
            var row = _definitions.ToRow(pair.Named);
            return [row.Id, row.NameKey, row.ExternalCredentialId, row.Document, row.Version, row.CreatedAt.UtcTicks, row.UpdatedAt.UtcTicks, row.Mac];
        });
        await CopyAsync(connection, "grants (\"AppId\", \"NamedCredentialId\", \"Principals\", \"Mac\")", pairs, pair =>
        {
            var row = _access.ToRow(new Grant(app, pair.Named.Id, ["default"]));
            return [row.AppId, row.NamedCredentialId, row.Principals, row.Mac];
        });
        await CopyAsync(
            connection,
            "secrets (\"Id\", \"ExternalCredentialId\", \"PrincipalId\", \"User\", \"Name\", \"NameKey\", \"Version\", \"Sealed\", \"UpdatedAt\")",
            pairs,
            pair =>
            {
                var (id, principal) = (Guid.NewGuid(), pair.External.Principals[0].Id);
                var bound = _binder.Bind(pair.External).Value ?? throw new InvalidOperationException("The protocol doesn't take its settings.");
                var value = _sealer.Seal(new SealPlace("parameter", id, pair.External.Id, principal, "", "token", 1, bound.Binding), token);
                return [id, pair.External.Id, principal, "", "Token", "token", 1L, value, _now.UtcTicks];
            });
    }

    private static async Task CopyAsync<T>(NpgsqlConnection connection, string table, T[] values, Func<T, object[]> row)
    {
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {table} FROM STDIN (FORMAT BINARY)");
        foreach (var columns in values.AsParallel().Select(row))
        {
            await copy.StartRowAsync();
            foreach (var column in columns)
            {
                switch (column)
                {
                    case Guid id:
                        await copy.WriteAsync(id, NpgsqlDbType.Uuid);
                        break;
                    case long number:
                        await copy.WriteAsync(number, NpgsqlDbType.Bigint);
                        break;
                    case byte[] bytes:
                        await copy.WriteAsync(bytes, NpgsqlDbType.Bytea);
                        break;
                    default:
                        await copy.WriteAsync((string)column, NpgsqlDbType.Text);
                        break;
                }
            }
        }

        await copy.CompleteAsync();
    }
}
