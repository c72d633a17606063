namespace Vault.Testing;

/// <summary>Files of the repository that the tests run in.</summary>
public static class RepositoryFiles
{
    /// <summary>Where one lies.</summary>
    /// <param name="path">From the repository's root.</param>
    public static string PathOf(string path)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Vault.sln")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory.FullName, path);
    }
}
