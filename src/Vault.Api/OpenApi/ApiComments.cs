using System.Reflection;
using System.Text.Json;
using System.Xml.Linq;
using System.Xml.XPath;

namespace Vault.Api.OpenApi;

/// <summary>The XML comments of an assembly, for who knows the API and not its code: what they refer to is called as in JSON.</summary>
internal static class ApiComments
{
    /// <summary>Those of an assembly that stands beside the program.</summary>
    public static XPathDocument Of(Assembly assembly)
    {
        var comments = XDocument.Load(Path.Combine(AppContext.BaseDirectory, assembly.GetName().Name + ".xml"), LoadOptions.PreserveWhitespace);
        foreach (var reference in comments.Descendants("see").Where(see => see.Attribute("cref") is not null).ToArray())
        {
            reference.ReplaceWith(new XElement("c", NameOf((string?)reference.Attribute("cref") ?? "")));
        }

        using var reader = comments.CreateReader();
        return new XPathDocument(reader);
    }

    // As in P:Namespace.Type.Property, or M:Namespace.Type.Method(Parameters).
    private static string NameOf(string id)
    {
        var name = id.Split('(')[0].Split('.')[^1];
        return id.StartsWith("P:", StringComparison.Ordinal) ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }
}
