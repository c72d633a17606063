using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Xml;
using System.Xml.XPath;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>
/// Goes through a document a bounded number of steps, all its clones together: an expression that joins elements, or counts what precedes each, takes the square of
/// them, and an evaluation can't be cancelled.
/// </summary>
/// <param name="inner">What goes.</param>
/// <param name="steps">How many are left.</param>
internal sealed class BoundedNavigator(XPathNavigator inner, StrongBox<int> steps) : XPathNavigator
{
    /// <summary>How many steps an evaluation may take: about a second.</summary>
    public const int Most = 5_000_000;

    // So many characters are copied in the time of a step.
    private const int CharactersOfAStep = 32;

    private readonly XPathNavigator _inner = inner;

    public override string BaseURI => _inner.BaseURI;

    public override bool IsEmptyElement => _inner.IsEmptyElement;

    public override string LocalName => _inner.LocalName;

    public override string Name => _inner.Name;

    public override string NamespaceURI => _inner.NamespaceURI;

    public override XmlNameTable NameTable => _inner.NameTable;

    public override XPathNodeType NodeType => _inner.NodeType;

    public override string Prefix => _inner.Prefix;

    public override object? UnderlyingObject => _inner.UnderlyingObject;

    public override string Value
    {
        get
        {
            var value = _inner.Value;
            Step(1 + (value.Length / CharactersOfAStep));
            return value;
        }
    }

    public override XPathNavigator Clone()
    {
        Step();
        return new BoundedNavigator(_inner.Clone(), steps);
    }

    public override bool IsSamePosition(XPathNavigator other)
    {
        Step();
        return other is BoundedNavigator bounded && _inner.IsSamePosition(bounded._inner);
    }

    public override XmlNodeOrder ComparePosition(XPathNavigator? nav)
    {
        Step();
        return nav is BoundedNavigator bounded ? _inner.ComparePosition(bounded._inner) : XmlNodeOrder.Unknown;
    }

    public override bool MoveTo(XPathNavigator other)
    {
        Step();
        return other is BoundedNavigator bounded && _inner.MoveTo(bounded._inner);
    }

    public override bool MoveToFirstAttribute()
    {
        Step();
        return _inner.MoveToFirstAttribute();
    }

    public override bool MoveToFirstChild()
    {
        Step();
        return _inner.MoveToFirstChild();
    }

    public override bool MoveToFirstNamespace(XPathNamespaceScope namespaceScope)
    {
        Step();
        return _inner.MoveToFirstNamespace(namespaceScope);
    }

    public override bool MoveToId(string id)
    {
        Step();
        return _inner.MoveToId(id);
    }

    public override bool MoveToNext()
    {
        Step();
        return _inner.MoveToNext();
    }

    public override bool MoveToNextAttribute()
    {
        Step();
        return _inner.MoveToNextAttribute();
    }

    public override bool MoveToNextNamespace(XPathNamespaceScope namespaceScope)
    {
        Step();
        return _inner.MoveToNextNamespace(namespaceScope);
    }

    public override bool MoveToParent()
    {
        Step();
        return _inner.MoveToParent();
    }

    public override bool MoveToPrevious()
    {
        Step();
        return _inner.MoveToPrevious();
    }

    private void Step(int count = 1)
    {
        if ((steps.Value -= count) < 0)
        {
            Refuse();
        }
    }

    [DoesNotReturn]
    private static void Refuse() => throw new XPathException("The expression takes too long in this document.");
}
