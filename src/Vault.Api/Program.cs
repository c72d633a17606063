using Vault.Api.Hosting;

return await VaultHost.RunAsync(args);
