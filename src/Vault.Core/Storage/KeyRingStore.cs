using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Keeps the Data Protection ring in the database, encrypted under the master key.</summary>
internal sealed class KeyRingStore(IDbContextFactory<VaultDbContext> contexts, StartRows rows) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => [.. rows.KeyRing().Select(xml => XElement.Parse(xml))];

    public void StoreElement(XElement element, string friendlyName)
    {
        using var context = contexts.CreateDbContext();
        context.KeyRing.Add(new KeyRingRow { FriendlyName = friendlyName, Xml = element.ToString(SaveOptions.DisableFormatting) });
        context.SaveChanges();
    }
}
