using CsCheck;
using Vault.Cli.Import;
using Vault.Cli.Import.Salesforce;
using Vault.Core.MergeFields;
using Xunit;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>Files of the project, damaged at random: the import never breaks, and what it gives is what the vault takes.</summary>
public sealed class MutatedFilesTests
{
    private static readonly string[] Insertions =
        ["<", ">", "&", "&lt;", "{!", "}", "'", "__", "\0", "é", "😀", "</label>", "<label>", "<a xsi:nil=\"true\"/>", "<![CDATA[{!$Credential.X}]]>", "999999999999", "-1", "true", "https://", "@", "\n"];

    [Fact]
    public void Import_ADamagedProject_GivesLegalDefinitions()
    {
        var originals = Directory.GetFiles(ImportRun.Project, "*.xml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => (Name: Path.GetFileName(file), Text: File.ReadAllText(file)))
            .ToArray();
        using var run = new ImportRun();
        foreach (var (name, text) in originals)
        {
            run.Write("app/" + name, text);
        }

        var damage = Gen.Select(Gen.Int[0, originals.Length - 1], Gen.Int[0, 10_000], Gen.Int[0, 40], Gen.Int[0, Insertions.Length - 1]);

        damage.Array[1, 4].Sample(
            changes =>
            {
                var touched = changes.Select(change => change.Item1).Distinct().ToArray();
                foreach (var index in touched)
                {
                    run.Write("app/" + originals[index].Name, Damage(originals[index].Text, changes.Where(change => change.Item1 == index)));
                }

                Judge(SalesforceImport.Run(Path.Combine(run.Directory, "app"), new ImportOptions(App: "Crm")));
                foreach (var index in touched)
                {
                    run.Write("app/" + originals[index].Name, originals[index].Text);
                }
            },
            iter: 150,
            threads: 1);
    }

    private static string Damage(string text, IEnumerable<(int File, int At, int Removed, int Inserted)> changes)
    {
        foreach (var (_, at, removed, inserted) in changes)
        {
            var start = at % text.Length;
            text = text.Remove(start, Math.Min(removed, text.Length - start)).Insert(start, Insertions[inserted]);
            text = text.Length == 0 ? " " : text;
        }

        return text;
    }

    private static void Judge(ImportResult result)
    {
        var externals = result.Document.ExternalCredentials ?? [];
        var named = result.Document.NamedCredentials ?? [];
        Assert.All(externals, credential => Assert.True(VaultName.IsLegal(credential.Name) && !VaultName.IsComputed(credential.Name), credential.Name));
        Assert.Equal(externals.Count, externals.Select(credential => credential.Name.ToUpperInvariant()).Distinct().Count());
        Assert.Equal(named.Count, named.Select(credential => credential.Name.ToUpperInvariant()).Distinct().Count());
        Assert.All(named, credential =>
        {
            Assert.Contains(externals, external => external.Name == credential.ExternalCredential);
            Assert.Equal("https", new Uri(credential.Url.Split("{!")[0]).Scheme);
        });
        foreach (var header in externals.SelectMany(credential => credential.CustomHeaders ?? []).Concat(named.SelectMany(credential => credential.CustomHeaders ?? [])))
        {
            Assert.True(MergeTemplate.Parse(header.Value).IsOk, header.Value);
        }

        Assert.All(result.Report.Secrets, secret => Assert.True(VaultName.IsLegal(secret.Parameter) && !VaultName.IsComputed(secret.Parameter), secret.Parameter));
        using var writer = new StringWriter();
        ReportText.Write(result, writer);
        Assert.DoesNotContain('\0', writer.ToString());
    }
}
