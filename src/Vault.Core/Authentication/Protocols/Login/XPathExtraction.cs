using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
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
    private const int MaxExpression = 1000;
    private const int MaxPrefixes = 100;

    /// <summary>How to find the values; null where the expression is none, or longer than 1,000 characters.</summary>
    public static Func<SignInAnswer, IReadOnlyList<string>?>? Parse(string text)
    {
        if (text.Length > MaxExpression)
        {
            return null;
        }

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
        if (answer.Xml?.CreateNavigator() is not { } document || Prefixes(document) is not { } prefixes)
        {
            return null;
        }

        try
        {
            var navigator = new BoundedNavigator(document, new StrongBox<int>(BoundedNavigator.Most));
            return navigator.Evaluate(text, prefixes) switch
            {
                XPathNodeIterator nodes => [.. nodes.Cast<XPathNavigator>().Take(2).Select(node => node.Value)],
                bool truth => [truth ? "true" : "false"],
                // As section 4.2 writes them, without an exponent, which .NET's own string() has. Those that are none are no value.
                double number when double.IsInteger(number) => [new BigInteger(number).ToString(CultureInfo.InvariantCulture)],
                double number when double.IsFinite(number) => [Decimal(number)],
                string value => [value],
                _ => null,
            };
        }
        catch (XPathException)
        {
            // A prefix that the document doesn't know, a function that there isn't, or more steps than there may be: nothing was found.
            return null;
        }
    }

    private static string Decimal(double number) =>
        decimal.Parse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    // Looking a prefix up takes as long as there are prefixes: a document with thousands is refused.
    private static XmlNamespaceManager? Prefixes(XPathNavigator navigator)
    {
        var prefixes = new XmlNamespaceManager(navigator.NameTable);
        var count = 0;
        foreach (XPathNavigator element in navigator.Select("//*"))
        {
            foreach (var (prefix, uri) in element.GetNamespacesInScope(XmlNamespaceScope.Local))
            {
                if (prefix.Length > 0 && prefixes.LookupNamespace(prefix) is null)
                {
                    prefixes.AddNamespace(prefix, uri);
                    if (++count > MaxPrefixes)
                    {
                        return null;
                    }
                }
            }
        }

        return prefixes;
    }
}
