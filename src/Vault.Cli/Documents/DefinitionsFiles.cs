using System.Text;
using System.Text.Json.Nodes;
using Vault.Cli.Terminals;

namespace Vault.Cli.Documents;

/// <summary>The definitions of one or several files, with what an environment has of its own laid over them.</summary>
internal sealed class DefinitionsFiles
{
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    private readonly IReadOnlyDictionary<string, Place> _places;

    private DefinitionsFiles(JsonObject json, IReadOnlyDictionary<string, Place> places) => (Json, _places) = (json, places);

    /// <summary>The document; secrets are references.</summary>
    public JsonObject Json { get; }

    /// <summary>Reads them; every mistake is told with file, line and column.</summary>
    /// <param name="paths">Files, directories, or <c>-</c> for what is piped in.</param>
    /// <param name="environment">Whose overlays are laid over them; null: none.</param>
    /// <param name="surroundings">The machine.</param>
    /// <exception cref="CommandFailure">Something is wrong with them.</exception>
    public static DefinitionsFiles Read(IReadOnlyList<string> paths, string? environment, Surroundings surroundings)
    {
        var documents = new List<MappingNode>();
        var overlays = 0;
        foreach (var file in paths.SelectMany(path => Expand(path, surroundings)))
        {
            var read = YamlFile.Read(Load(file, surroundings), file);
            if (environment is not null && file != "-" && OverlayOf(file, environment) is var over && File.Exists(surroundings.PathOf(over)))
            {
                if (!RegularFile.IsAt(surroundings.PathOf(over)))
                {
                    throw CommandFailure.Usage($"{SafeText.Of(over)} is no regular file.");
                }

                overlays++;
                var whole = YamlFile.Read(Load(over, surroundings), over).Aggregate(Join(read, file), Overlay.Apply);
                documents.Add(whole);
            }
            else
            {
                documents.AddRange(read);
            }
        }

        if (environment is not null && overlays == 0)
        {
            throw CommandFailure.Usage($"There is no overlay for {environment}: it stands beside the file, as in {OverlayOf(paths[0] == "-" ? "vault.yaml" : paths[0], environment)}.");
        }

        var errors = new DocumentErrors();
        var document = Join(documents, paths[0]);
        var reader = new DocumentReader(errors);
        var json = reader.Read(document);
        var files = new DefinitionsFiles(json, reader.Places);
        files.CheckNames(errors);
        _ = files.ReferencesNoting(errors).Count();
        errors.Throw();
        return files;
    }

    /// <summary>The nearest place that is known of a JSON path.</summary>
    public Place PlaceOf(string path)
    {
        while (!_places.ContainsKey(path) && path.Length > 1)
        {
            var end = path.LastIndexOfAny(['.', '[']);
            path = end > 0 ? path[..end] : "$";
        }

        return _places.GetValueOrDefault(path);
    }

    /// <summary>The same without any secret, for who may not set them or hasn't got them.</summary>
    public DefinitionsFiles WithoutSecrets()
    {
        var json = (JsonObject)Json.DeepClone();
        foreach (var principal in PrincipalsOf(json))
        {
            principal.Remove("parameters");
        }

        return new DefinitionsFiles(json, _places);
    }

    /// <summary>Whether a document names parameters.</summary>
    public static bool HasSecrets(JsonObject json) => PrincipalsOf(json).Any(principal => principal.ContainsKey("parameters"));

    /// <summary>Where each secret comes from, by what it is for: <c>ServiceLogin/default Password</c>, without regard to case.</summary>
    public IReadOnlyDictionary<string, SecretReference> References()
    {
        var found = new Dictionary<string, SecretReference>(StringComparer.OrdinalIgnoreCase);
        foreach (var reference in ReferencesNoting(new DocumentErrors()))
        {
            found.TryAdd(reference.Subject, reference);
        }

        return found;
    }

    private static IEnumerable<JsonObject> PrincipalsOf(JsonObject json) =>
        (json["externalCredentials"] as JsonArray ?? []).SelectMany(external => external?["principals"] as JsonArray ?? []).OfType<JsonObject>();

    private IEnumerable<SecretReference> ReferencesNoting(DocumentErrors errors) => SecretReference.All(Json, PlaceOf, errors).Select(one => one.Reference);

    /// <summary>A copy with the secrets themselves in it.</summary>
    /// <param name="surroundings">The machine.</param>
    /// <param name="allowedFiles">A directory that files may come from beside the documents'; null: none.</param>
    /// <exception cref="CommandFailure">One can't be had.</exception>
    public JsonObject Resolve(Surroundings surroundings, string? allowedFiles)
    {
        var errors = new DocumentErrors();
        var resolved = (JsonObject)Json.DeepClone();
        foreach (var (parameters, name, reference) in SecretReference.All(resolved, PlaceOf, errors).ToArray())
        {
            parameters[name] = reference.Resolve(surroundings, allowedFiles, errors);
        }

        errors.Throw();
        return resolved;
    }

    private static string[] Expand(string path, Surroundings surroundings)
    {
        var full = surroundings.PathOf(path);
        if (path == "-" || File.Exists(full))
        {
            return [path];
        }

        if (!Directory.Exists(full))
        {
            throw CommandFailure.Usage($"There is no file or directory {path}.");
        }

        // What is beside another file as its overlay is none of its own.
        var names = Directory.EnumerateFiles(full).Select(Path.GetFileName).OfType<string>()
            .Where(name => Extensions.Contains(Path.GetExtension(name)) && !name.EndsWith(".schema.json", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        var files = names.Where(name => !names.Contains(BaseOf(name))).Order(StringComparer.Ordinal).Select(name => Path.Combine(path, name))
            .Where(file => IsFile(file, surroundings)).ToArray();
        return files.Length > 0 ? files : throw CommandFailure.Usage($"There is no .yaml, .yml or .json file in {path}.");
    }

    private static bool IsFile(string file, Surroundings surroundings)
    {
        var isFile = RegularFile.IsAt(surroundings.PathOf(file));
        if (!isFile)
        {
            surroundings.Error.WriteLine($"{SafeText.Of(file)} is no regular file; it is left out.");
        }

        return isFile;
    }

    // Of vault.prod.yaml, vault.yaml; of what has no environment in its name, nothing.
    private static string BaseOf(string name)
    {
        var stem = Path.GetFileNameWithoutExtension(name);
        return stem.Contains('.', StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(stem) + Path.GetExtension(name) : "";
    }

    private static string OverlayOf(string file, string environment) => Path.ChangeExtension(file, null) + "." + environment + Path.GetExtension(file);

    private static string Load(string file, Surroundings surroundings)
    {
        try
        {
            using var stream = file == "-" ? surroundings.OpenInput() : File.OpenRead(surroundings.PathOf(file));
            return BoundedText.Read(stream) ?? throw CommandFailure.Usage($"{file} is over {BoundedText.MostBytes / 1024 / 1024} MiB, which is more than a document may have.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file} can't be read ({fault.GetType().Name}).");
        }
        catch (DecoderFallbackException)
        {
            throw CommandFailure.Usage($"{file} is not text in UTF-8.");
        }
    }

    // Lists of several documents are one list.
    private static MappingNode Join(IReadOnlyList<MappingNode> documents, string file)
    {
        var entries = new List<DocumentEntry>();
        foreach (var entry in documents.SelectMany(document => document.Entries))
        {
            var index = entries.FindIndex(known => known.Name == entry.Name);
            if (index >= 0 && entries[index].Value is SequenceNode one && entry.Value is SequenceNode other)
            {
                entries[index] = entries[index] with { Value = one with { Items = [.. one.Items, .. other.Items] } };
            }
            else if (index < 0 || entry.Value is not ScalarNode { IsNull: true })
            {
                entries.RemoveAll(known => known.Name == entry.Name && known.Value is ScalarNode { IsNull: true });
                entries.Add(entry);
            }
        }

        return new MappingNode(documents.Count > 0 ? documents[0].At : new Place(file, 1, 1), entries);
    }

    private void CheckNames(DocumentErrors errors)
    {
        foreach (var list in new[] { "externalCredentials", "namedCredentials", "apps" })
        {
            var seen = new Dictionary<string, Place>(StringComparer.OrdinalIgnoreCase);
            var items = Json[list] as JsonArray ?? [];
            for (var index = 0; index < items.Count; index++)
            {
                var at = PlaceOf($"$.{list}[{index}].name");
                if ((items[index] as JsonObject)?["name"] is JsonValue name && name.TryGetValue<string>(out var text) && !seen.TryAdd(text, at))
                {
                    errors.Add(at, $"{text} stands here twice; first at {seen[text]}.");
                }
            }
        }
    }
}
