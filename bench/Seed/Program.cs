// Makes many named credentials, each with a secret of its own, by the code that the admin API uses, but a hundred to a transaction:
//
//   Vault.Seed DATA_DIRECTORY COUNT UPSTREAM_URL TOKEN [CONNECTION_STRING]
//
// Their names are Service0, Service1 … The vault must not run meanwhile. With a connection string of PostgreSQL, they go into that database,
// which must be empty, by COPY, all of them granted to the app Bench; the key of that is printed (BulkSeed.cs).
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Vault.Api.Hosting;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Definitions;
using Vault.Core.Storage;
using Vault.Seed;

const int AtOnce = 100;
var count = int.Parse(args[1], CultureInfo.InvariantCulture);
var authentication = JsonSerializer.SerializeToElement(new { protocol = "bearer", token = args[3] });
var builder = WebApplication.CreateBuilder();
builder.Configuration["Vault:DataDirectory"] = args[0];
builder.Configuration["Vault:Egress:AllowHttp"] = "true";
builder.Configuration["Vault:Egress:AllowedNetworks"] = "127.0.0.0/8";
if (args.Length > 4)
{
    builder.Configuration["Vault:Database:Provider"] = "postgreSql";
    builder.Configuration["ConnectionStrings:Vault"] = args[4];
}

builder.Logging.SetMinimumLevel(LogLevel.Warning);
VaultHost.AddServices(builder);
await using var app = builder.Build();
await app.Services.GetRequiredService<VaultStorageStart>().InitializeAsync(CancellationToken.None);
if (args.Length > 4)
{
    Console.WriteLine(await new BulkSeed(app.Services, args[4]).WriteAsync(count, args[2], args[3]));
    return;
}

var gate = app.Services.GetRequiredService<ChangeGate>();
var administration = app.Services.GetRequiredService<NamedCredentialAdministration>();
var clock = Stopwatch.StartNew();
for (var made = 0; made < count; made += AtOnce)
{
    var chunk = Enumerable.Range(made, Math.Min(AtOnce, count - made));
    var written = await gate.ApplyAsync<int>(
        async draft =>
        {
            foreach (var index in chunk)
            {
                var input = new NamedCredentialInput { Name = $"Service{index}", Url = args[2], Authentication = authentication };
                var one = await administration.WriteAsync(draft, input, null, VaultRole.Admin, Precondition.None, discardSecrets: false);
                if (!one.IsOk)
                {
                    return one.Error;
                }
            }

            return chunk.Count();
        },
        CancellationToken.None);
    if (!written.IsOk)
    {
        throw new InvalidOperationException(written.Error.Detail);
    }
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count / clock.Elapsed.TotalSeconds:F0}"));
