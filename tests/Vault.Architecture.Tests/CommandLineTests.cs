using System.Xml.Linq;
using Xunit;

namespace Vault.Architecture.Tests;

/// <summary>The command line is a program of its own: it knows a vault by HTTP alone.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public void Cli_ReferencesNoProject()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Vault.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The tests don't run below the repository.");
        }

        var project = XDocument.Load(Path.Combine(directory.FullName, "src", "Vault.Cli", "Vault.Cli.csproj"));
        Assert.Empty(project.Descendants("ProjectReference"));
        Assert.NotEmpty(project.Descendants("PackageReference"));
    }
}
