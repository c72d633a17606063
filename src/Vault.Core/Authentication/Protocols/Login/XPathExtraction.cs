using System.Globalization;
using System.Xml;
using System.Xml.XPath;
using Vault.Core.Authentication.SignIns;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>
/// <c>xpath:</c>, XPath 1.0. Prefixes mean what the document declares them to mean; elements of a default namespace are found
/// by <c>local-name()</c>.
/// </summary>
internal static class XPathExtraction
{
    /// <summary>How to find the values; null where the expression is none.</summary>
    public static Func<SignInAnswer, IReadOnlyList<string>?>? Parse(string text)
    {
        try
        {
            XPathExpression.Compile(text);
        }
        catch (Exception exception) when (exception is XPathException or ArgumentException)
        {
            return null;
        }

        return answer => Find(text, answer);
    }

    private static List<string>? Find(string text, SignInAnswer answer)
    {
        if (answer.Xml?.CreateNavigator() is not { } navigator)
        {
            return null;
        }

        try
        {
            return navigator.Evaluate(text, Prefixes(navigator)) switch
            {
                XPathNodeIterator nodes => [.. nodes.Cast<XPathNavigator>().Take(2).Select(node => node.Value)],
                bool truth => [truth ? "true" : "false"],
                double number => [number.ToString("R", CultureInfo.InvariantCulture)],
                string value => [value],
                _ => null,
            };
        }
        catch (XPathException)
        {
            // A prefix that the document doesn't know, or a function that there isn't: nothing was found.
            return null;
        }
    }

    private static XmlNamespaceManager Prefixes(XPathNavigator navigator)
    {
        var prefixes = new XmlNamespaceManager(navigator.NameTable);
        foreach (XPathNavigator element in navigator.Select("//*"))
        {
            foreach (var (prefix, uri) in element.GetNamespacesInScope(XmlNamespaceScope.Local))
            {
                if (prefix.Length > 0 && prefixes.LookupNamespace(prefix) is null)
                {
                    prefixes.AddNamespace(prefix, uri);
                }
            }
        }

        return prefixes;
    }
}
