using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Keeps the Data Protection ring in the database, encrypted under the master key.</summary>
internal sealed class KeyRingStore(IDbContextFactory<VaultDbContext> contexts, StartRows rows) : IXmlRepository
{
    // A key of the ring never changes, only what it is encrypted under: as this process read it first, it can read it for as long as it
    // lives, though the master key is changed meanwhile.
    private readonly ConcurrentDictionary<string, XElement> _keys = new(StringComparer.Ordinal);

    public IReadOnlyCollection<XElement> GetAllElements() => [.. rows.KeyRing().Select(xml => XElement.Parse(xml)).Select(AsFirstRead)];

    public void StoreElement(XElement element, string friendlyName)
    {
        using var context = contexts.CreateDbContext();
        context.KeyRing.Add(new KeyRingRow { FriendlyName = friendlyName, Xml = element.ToString(SaveOptions.DisableFormatting) });
        context.SaveChanges();
    }

    private XElement AsFirstRead(XElement element) =>
        element.Name.LocalName == "key" && element.Attribute("id")?.Value is { } id ? new XElement(_keys.GetOrAdd(id, element)) : element;
}
