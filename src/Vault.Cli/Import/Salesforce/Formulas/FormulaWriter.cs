using System.Text;
using Vault.Cli.Import.Salesforce.Names;

namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>Writes an expression of Salesforce's as one of the vault's merge language.</summary>
/// <param name="scope">What names mean.</param>
/// <param name="target">The header that the value is for; secrets in strings are judged by it, and by null not at all.</param>
/// <param name="translation">Learns what the result needs.</param>
internal sealed class FormulaWriter(FormulaScope scope, string? target, Translation translation)
{
    // What people know a user by. The vault knows one name of a user: the one that the app gives, or the subject of their token.
    private static readonly string[] UserNames = ["Id", "Username", "Email", "FederationIdentifier"];

    /// <summary>The inside of a field.</summary>
    /// <exception cref="FormulaException">The vault has nothing like it.</exception>
    public string Write(FormulaExpression expression) => Write(expression, FormulaType.Text);

    private string Write(FormulaExpression expression, FormulaType due)
    {
        if (EpochTime.Find(expression) is { } time)
        {
            return time.Offset == 0
                ? time.IsMilliseconds ? "$Request.UnixTimeMs" : "$Request.UnixTime"
                : throw new FormulaException("the vault has the time ($Request.UnixTime), but can't add to it");
        }

        switch (expression)
        {
            case TextExpression text:
                return WriteText(text.Value);
            case GlobalExpression global:
                return WriteGlobal(global, due);
            case BinaryExpression { Operator: '&' or '+' } joined:
                return $"{Write(joined.Left, FormulaType.Text)} & {Write(joined.Right, FormulaType.Text)}";
            case CallExpression { Name: "TEXT", Arguments: [GlobalExpression or CallExpression] and [var inner] }:
                return Write(inner, due);
            case CallExpression call:
                return WriteCall(call, due);
            case NumberExpression:
                throw new FormulaException("the vault's merge fields have no numbers");
            default:
                throw new FormulaException("the vault's merge fields can't calculate");
        }
    }

    private string WriteCall(CallExpression call, FormulaType due)
    {
        if (call is { Name: "SIGN_WITH_CERTIFICATE", Arguments: [var algorithm, var input, TextExpression certificate] })
        {
            var key = VaultName.Of(certificate.Value + "_Key");
            translation.Needs(key, $"the private key (PEM) of the certificate {Shown.Of(certificate.Value)}");
            translation.Note($"SIGN_WITH_CERTIFICATE is SIGN here, with the private key in the parameter {key}.");
            return Blob(due, "SIGN", $"SIGN({WriteAlgorithm(algorithm)}, {Write(input, FormulaType.Blob)}, $Credential.{key})");
        }

        if (!FormulaFunctions.TryFind(call.Name, out var signature))
        {
            throw new FormulaException($"the vault's merge fields have no function {Shown.Of(call.Name)}");
        }

        if (call.Arguments.Count != signature.Arguments.Length)
        {
            throw new FormulaException($"{call.Name} takes {signature.Arguments.Length} arguments, and has {call.Arguments.Count}");
        }

        var arguments = call.Arguments.Select((argument, index) =>
            index == 0 && (call.Name is "HASH" or "HMAC" or "SIGN") ? WriteAlgorithm(argument) : Write(argument, signature.Arguments[index]));
        var written = $"{call.Name}({string.Join(", ", arguments)})";
        return signature.Result is FormulaType.Blob ? Blob(due, call.Name, written) : written;
    }

    private static string Blob(FormulaType due, string what, string written) => due is FormulaType.Blob
        ? written
        : throw new FormulaException($"{what} gives bytes where text is due; HEX(…) or BASE64ENCODE(…) around it makes text of them");

    private string WriteAlgorithm(FormulaExpression expression)
    {
        if (expression is not TextExpression text || FormulaFunctions.Algorithm(text.Value) is not { } algorithm)
        {
            throw new FormulaException("its algorithm isn't one of SHA-256, SHA-384, SHA-512, SHA-1 and MD5");
        }

        if (!algorithm.Equals(text.Value, StringComparison.OrdinalIgnoreCase))
        {
            translation.Note($"The algorithm {Shown.Of(text.Value)} is {algorithm} here.");
        }

        return $"'{algorithm}'";
    }

    private string WriteText(string text)
    {
        if (target is null || LiteralSecret.Find(target, text) is not { } secret)
        {
            return Quote(text);
        }

        translation.HadSecret = true;
        var parameter = Parameter(scope.ParameterFor(target), Meaning(target));
        return secret.Prefix.Length == 0 ? parameter : $"{Quote(secret.Prefix)} & {parameter}";
    }

    private string WriteGlobal(GlobalExpression global, FormulaType due)
    {
        var family = global.Path[0].ToUpperInvariant();
        if (global.Path.Count < 2 || global.Path.Any(name => name.Length == 0))
        {
            throw new FormulaException($"{Shown.Of(global.Written)} is no global that Salesforce has");
        }

        return family switch
        {
            "$CREDENTIAL" => WriteCredential(global, due),
            "$USER" when scope.HasUsers && UserNames.Contains(global.Path[1], StringComparer.OrdinalIgnoreCase) => WriteUser(global),
            _ => WriteForeign(global),
        };
    }

    private string WriteUser(GlobalExpression global)
    {
        translation.Note($"{Shown.Of(global.Written)} is $User.Id here, which is what the app names the user by (X-Vault-User, or the subject of the user's token): apps have to name users by the same.");
        return "$User.Id";
    }

    // Labels, settings, the org, other facts of a user: the vault has none of them, but a parameter can hold any value.
    private string WriteForeign(GlobalExpression global)
    {
        var name = VaultName.Of(string.Join('_', global.Path).TrimStart('$'));
        translation.Note($"The vault doesn't know {Shown.Of(global.Written)}; its value goes into the parameter {name}.");
        return Parameter(name, $"the value of {Shown.Of(global.Written)}");
    }

    private string WriteCredential(GlobalExpression global, FormulaType due)
    {
        if (global.Path is [_, var endpoint, var url] && endpoint.Equals("Endpoint", StringComparison.OrdinalIgnoreCase) && url.Equals("Url", StringComparison.OrdinalIgnoreCase))
        {
            return "$Credential.Endpoint.Url";
        }

        if (global.Path.Count > 3)
        {
            throw new FormulaException($"{Shown.Of(global.Written)} has too many names");
        }

        if (global.Path is [_, var owner, _] && !NameTable.IsSame(owner, scope.SourceName))
        {
            if (!scope.Principals.Contains(owner, StringComparer.OrdinalIgnoreCase))
            {
                throw new FormulaException($"{Shown.Of(global.Written)} names another external credential than {Shown.Of(scope.SourceName)}, the only one that it may name");
            }

            translation.Note($"{Shown.Of(global.Written)} names a principal where the name of the external credential is due; it is read as that.");
        }

        var written = global.Path[^1];
        if (written.Equals("Body", StringComparison.OrdinalIgnoreCase) && !scope.IsOwn(written))
        {
            return Blob(due, Shown.Of(global.Written), "$Credential.Body");
        }

        if (scope.IsOAuth && written.ToUpperInvariant() is "OAUTHTOKEN" or "ACCESSTOKEN")
        {
            return "$Credential.OAuthToken";
        }

        if (VaultName.IsComputed(written) && !scope.IsOwn(written))
        {
            return "$Credential." + written;
        }

        var name = VaultName.OfParameter(written);
        if (name != written)
        {
            translation.Note($"The parameter {Shown.Of(written)} is called {name} here.");
        }

        var isQualified = global.Path.Count == 3;
        translation.Needs(name, "what the formula calls " + Shown.Of(global.Written));
        return isQualified ? $"$Credential.{scope.Name}.{name}" : "$Credential." + name;
    }

    private string Parameter(string name, string meaning)
    {
        translation.Needs(name, meaning);
        return $"$Credential.{scope.Name}.{name}";
    }

    /// <summary>What a secret that stood in the metadata is called when it has to be entered.</summary>
    internal static string Meaning(string target) => $"the secret that stands in the metadata, in {Shown.Of(target)}";

    private static string Quote(string text)
    {
        if (text.Any(char.IsControl))
        {
            throw new FormulaException("a string in it has a line break or another control character");
        }

        var quoted = new StringBuilder("'");
        foreach (var c in text)
        {
            quoted.Append(c is '\'' or '\\' ? "\\" : "").Append(c);
        }

        return quoted.Append('\'').ToString();
    }
}
