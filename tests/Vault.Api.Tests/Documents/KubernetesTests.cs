using System.Globalization;
using k8s;
using k8s.Models;
using Vault.Testing;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Vault.Api.Tests.Documents;

/// <summary>deploy/kubernetes, read as an API server reads it that refuses fields that there aren't, and held against itself and the documentation.</summary>
public sealed class KubernetesTests
{
    private const string Directory = "deploy/kubernetes";
    private static readonly Dictionary<string, List<object>> Files = System.IO.Directory.GetFiles(RepositoryFiles.PathOf(Directory), "*.yaml")
        .Where(path => Path.GetFileName(path) != "kustomization.yaml").ToDictionary(path => Path.GetFileName(path), path => Load(File.ReadAllText(path)));

    private static readonly V1StatefulSet Set = Only<V1StatefulSet>();
    private static readonly V1PodSpec Pod = Set.Spec.Template.Spec;
    private static readonly V1Container Container = Pod.Containers.Single();

    [Fact]
    public void Files_AreAllNamed_AndAllInOneNamespace()
    {
        using var reader = File.OpenText(RepositoryFiles.PathOf(Directory + "/kustomization.yaml"));
        var stream = new YamlStream();
        stream.Load(reader);
        var root = (YamlMappingNode)stream.Documents.Single().RootNode;
        Assert.Equal(Files.Keys.Order(StringComparer.Ordinal), ((YamlSequenceNode)root["resources"]).Select(node => node.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(Container.Image, ((YamlSequenceNode)root["images"]).Single()["name"].ToString());
        var spaces = All().OfType<IKubernetesObject<V1ObjectMeta>>().ToArray();
        Assert.Equal(All().Count(), spaces.Length);
        Assert.All(spaces, one => Assert.Equal("vault", one is V1Namespace ? one.Metadata.Name : one.Metadata.NamespaceProperty));

        // Secrets are named, never there.
        Assert.Empty(All().OfType<V1Secret>());
    }

    [Theory]
    [InlineData("readOnlyRootFilesystem", "readOnlyRootFileSystem")]
    [InlineData("terminationGracePeriodSeconds", "terminationGracePeriod")]
    [InlineData("runAsNonRoot: true", "runAsNonRoot: perhaps")]
    public void FieldThatThereIsnt_IsNoticed(string field, string misspelt)
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf(Directory + "/vault.yaml"));
        Assert.Contains(field, text, StringComparison.Ordinal);
        Assert.ThrowsAny<YamlException>(() => Load(text.Replace(field, misspelt, StringComparison.Ordinal)));
    }

    [Fact]
    public void Parts_FitTogether()
    {
        var labels = Set.Spec.Template.Metadata.Labels;
        var selectors = All().OfType<V1Service>().Select(service => service.Spec.Selector)
            .Append(Set.Spec.Selector.MatchLabels).Append(Only<V1PodDisruptionBudget>().Spec.Selector.MatchLabels)
            .Append(Only<V1NetworkPolicy>().Spec.PodSelector.MatchLabels).Append(Pod.TopologySpreadConstraints.Single().LabelSelector.MatchLabels);
        Assert.All(selectors, selector => Assert.True(selector.Count > 0 && selector.All(label => labels[label.Key] == label.Value)));
        Assert.Contains(All().OfType<V1Service>(), service => service.Metadata.Name == Set.Spec.ServiceName && service.Spec.ClusterIP == "None");

        var port = Container.Ports.Single();
        string[] named =
        [
            .. All().OfType<V1Service>().SelectMany(service => service.Spec.Ports).Select(one => one.TargetPort.Value), Container.LivenessProbe.HttpGet.Port.Value,
            Container.ReadinessProbe.HttpGet.Port.Value, Container.StartupProbe.HttpGet.Port.Value, Only<V1NetworkPolicy>().Spec.Ingress.Single().Ports.Single().Port.Value,
        ];
        Assert.All(named, name => Assert.Equal(port.Name, name));
        Assert.Equal(port.ContainerPort.ToString(CultureInfo.InvariantCulture), Set.Spec.Template.Metadata.Annotations["prometheus.io/port"]);
        Assert.Contains($"EXPOSE {port.ContainerPort}", File.ReadAllText(RepositoryFiles.PathOf("Dockerfile")), StringComparison.Ordinal);

        var scaled = Only<V2HorizontalPodAutoscaler>().Spec;
        Assert.Equal((Set.ApiVersion, Set.Kind, Set.Metadata.Name), (scaled.ScaleTargetRef.ApiVersion, scaled.ScaleTargetRef.Kind, scaled.ScaleTargetRef.Name));
        Assert.Null(Set.Spec.Replicas);
        Assert.True(scaled.MinReplicas >= 2 && scaled.MaxReplicas * 23 < 100, "Each has 15 connections in its pool, and up to eight beside it.");
        var volumes = Pod.Volumes.Select(volume => volume.Name).Concat(Set.Spec.VolumeClaimTemplates.Select(claim => claim.Metadata.Name));
        Assert.Equal(Container.VolumeMounts.Select(mount => mount.Name).Order(), volumes.Order());
    }

    [Fact]
    public void Pod_HasNoRights_AndWritesToItsVolumesAlone()
    {
        Assert.True(Pod.SecurityContext is { RunAsNonRoot: true, RunAsUser: > 0, SeccompProfile.Type: "RuntimeDefault" });
        Assert.False(Pod.AutomountServiceAccountToken);
        Assert.False(Pod.EnableServiceLinks);
        var context = Container.SecurityContext;
        Assert.True(context is { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Privileged: null or false } && context.Capabilities is { Drop: ["ALL"], Add: null });
        Assert.Equal(["/data", "/tmp"], Container.VolumeMounts.Select(mount => mount.MountPath).Order());
        Assert.NotNull(Container.Resources.Limits["memory"]);

        // Stopping takes the pause before it, 30 s for callouts, and the last records.
        Assert.True(Pod.TerminationGracePeriodSeconds >= 40 + Container.Lifecycle.PreStop.Sleep.Seconds);
        Assert.Equal(("/healthz/live", "/healthz/ready"), (Container.LivenessProbe.HttpGet.Path, Container.ReadinessProbe.HttpGet.Path));
    }

    [Fact]
    public void Settings_AreThoseOfTheDocumentation_AndSoAreTheSecrets()
    {
        var documents = File.ReadAllText(RepositoryFiles.PathOf("README.md")) + File.ReadAllText(RepositoryFiles.PathOf("docs/operations.md"));
        Assert.Equal("vault-settings", Container.EnvFrom.Single().ConfigMapRef.Name);
        var settings = Only<V1ConfigMap>().Data.Keys.Concat(Container.Env.Select(variable => variable.Name)).ToArray();
        Assert.Equal(settings.Distinct(), settings);
        foreach (var setting in settings)
        {
            var name = setting.Replace("__", ":", StringComparison.Ordinal);
            Assert.True(
                documents.Contains($"`{name}`", StringComparison.Ordinal) || documents.Contains($"`{name}=", StringComparison.Ordinal)
                || (name.StartsWith("Vault:MasterKey:", StringComparison.Ordinal) && documents.Contains($"`{name.Split(':')[^1]}`", StringComparison.Ordinal)), name);
        }

        Assert.All(Container.Env, variable => Assert.Contains(
            $"generic {variable.ValueFrom.SecretKeyRef.Name} --from-literal={variable.ValueFrom.SecretKeyRef.Key}=", documents, StringComparison.Ordinal));
    }

    private static List<object> Load(string text) => KubernetesYaml.LoadAllFromString(text, strict: true);

    private static IEnumerable<object> All() => Files.Values.SelectMany(objects => objects);

    private static T Only<T>() => All().OfType<T>().Single();
}
