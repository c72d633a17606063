using CsCheck;
using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Storage;
using Xunit;

namespace Vault.Core.Tests.Storage;

/// <summary>
/// A table that is read while others change it: the reader comes by with rows as they were at any moment since it began, in any order. Whatever
/// the interleaving, it ends with what is stored.
/// </summary>
public class SnapshotReadingTests
{
    private const int Names = 4;
    private static readonly Guid App = Guid.NewGuid();

    private enum Act
    {
        Put,
        Delete,
        MakeAnew,
        Grant,
        Withdraw,
        Hear,
        Bring,
        ReadExternal,
        ReadNamed,
        ReadGrant,
        ReadAnew,
    }

    [Fact]
    public void WhateverHappensMeanwhile_ItEndsWithWhatIsStored() => Gen.Select(Gen.Enum<Act>(), Gen.Int[0, Names - 1], Gen.Bool).Array[0, 80].Sample(
        steps =>
        {
            var store = new Store();
            for (var number = 0; number < Names; number++)
            {
                store.Put(number);
                store.Grant(number);
            }

            // Each statement sees one moment; that of the grants is after that of the named credentials. A reading that was interrupted begins anew with what it has.
            var reading = new SnapshotReading(DefinitionSnapshot.Empty);
            var feed = new Feed(store, reading);
            store.Log.Clear();
            var (externals, named) = (new Queue<ExternalCredential>(store.Externals.Values), new Queue<NamedCredential>(store.Named.Values));
            Queue<Grant>? grants = null;
            foreach (var (act, number, isWhole) in steps)
            {
                switch (act)
                {
                    case Act.Put:
                        store.Put(number);
                        break;
                    case Act.Delete:
                        store.Delete(number);
                        break;
                    case Act.MakeAnew:
                        store.Delete(number);
                        store.Put(number);
                        break;
                    case Act.Grant:
                        store.Grant(number);
                        break;
                    case Act.Withdraw:
                        store.Withdraw(number);
                        break;
                    case Act.Hear:
                        feed.Step(upTo: number + 1, isWhole);
                        break;
                    case Act.Bring:
                        Bring(store, reading, number);
                        break;
                    case Act.ReadExternal when externals.TryDequeue(out var external):
                        reading.Add(external);
                        break;
                    case Act.ReadNamed when named.TryDequeue(out var one):
                        reading.Add(one);
                        break;
                    case Act.ReadGrant when named.Count == 0:
                        grants ??= new Queue<Grant>(store.Grants.Values);
                        if (grants.TryDequeue(out var grant))
                        {
                            reading.Add(grant);
                        }

                        break;
                    case Act.ReadAnew when isWhole:
                        (externals, named, grants) = (new Queue<ExternalCredential>(store.Externals.Values), new Queue<NamedCredential>(store.Named.Values), null);
                        break;
                    default:
                        break;
                }
            }

            ReadRest(reading, externals, named, grants ?? new Queue<Grant>(store.Grants.Values));
            reading.Close();
            feed.Finish();
            AssertStored(store, reading);
        },
        iter: 5000);

    [Fact]
    public void WhatDidNotChange_StaysTheSameObject()
    {
        var store = new Store();
        store.Put(0);
        store.Put(1);
        var before = store.Named.Values.Aggregate(DefinitionSnapshot.Empty, (all, one) => all.With(one));
        before = store.Externals.Values.Aggregate(before, (all, one) => all.With(one));
        var reading = new SnapshotReading(before);
        reading.Add(store.Named["N0"] with { });
        reading.Add(store.Named["N1"] with { Version = 9 });
        reading.Add(store.Externals.Values.First() with { });
        Assert.Same(before.NamedCredentials["n0"], reading.Definitions.NamedCredentials["N0"]);
        Assert.Equal(9, reading.Definitions.NamedCredentials["N1"].Version);
        Assert.Same(store.Externals.Values.First(), reading.Definitions.ExternalCredentials.Values.Single());
    }

    private static void Bring(Store store, SnapshotReading reading, int number)
    {
        if (store.Named.GetValueOrDefault("N" + number) is not { } named)
        {
            return;
        }

        reading.Add(store.Externals[named.ExternalCredentialId]);
        reading.Add(named);
        if (store.Grants.TryGetValue(named.Id, out var grant))
        {
            reading.Add(grant);
        }
    }

    private static void ReadRest(SnapshotReading reading, Queue<ExternalCredential> externals, Queue<NamedCredential> named, Queue<Grant> grants)
    {
        externals.ToList().ForEach(reading.Add);
        named.ToList().ForEach(reading.Add);
        grants.ToList().ForEach(reading.Add);
    }

    private static void AssertStored(Store store, SnapshotReading reading)
    {
        var definitions = reading.Definitions;
        Assert.Equal(store.Named.Values.OrderBy(one => one.Id), definitions.NamedCredentials.Values.OrderBy(one => one.Id));
        Assert.Equal(store.Externals.Values.OrderBy(one => one.Id).Select(one => (one.Id, one.Version)), definitions.ExternalCredentials.Values.OrderBy(one => one.Id).Select(one => (one.Id, one.Version)));
        Assert.Equal(store.Externals.Count, definitions.ExternalCredentialNames.Count);
        Assert.All(store.Named.Values, one => Assert.Equal(one, Assert.Single(definitions.UsersOf(one.ExternalCredentialId))));
        Assert.Equal(store.Grants.Keys.Order(), reading.Grants.Of(App).Select(grant => grant.NamedCredentialId).Order());
    }

    /// <summary>What is stored, and the log of what was changed.</summary>
    private sealed class Store
    {
        public Dictionary<string, NamedCredential> Named { get; } = [];

        public Dictionary<Guid, ExternalCredential> Externals { get; } = [];

        public Dictionary<Guid, Grant> Grants { get; } = [];

        /// <summary>What was changed, in the order in which it was.</summary>
        public List<Changed> Log { get; } = [];

        public void Put(int number)
        {
            var name = "N" + number;
            var before = Named.GetValueOrDefault(name);
            var external = new ExternalCredential
            {
                Id = before?.ExternalCredentialId ?? Guid.NewGuid(),
                Name = DeveloperName.Parse(name),
                Authentication = default,
                Principals = [],
                Version = (before?.Version ?? 0) + 1,
                CreatedAt = DateTimeOffset.UnixEpoch,
                UpdatedAt = DateTimeOffset.UnixEpoch,
            };
            Externals[external.Id] = external;
            Named[name] = new NamedCredential
            {
                Id = before?.Id ?? Guid.NewGuid(),
                Name = DeveloperName.Parse(name),
                Url = MergeTemplate.Parse("https://service.example").Value!,
                ExternalCredentialId = external.Id,
                Version = external.Version,
                CreatedAt = DateTimeOffset.UnixEpoch,
                UpdatedAt = DateTimeOffset.UnixEpoch,
            };
            Log.Add(new Changed(ChangeKind.ExternalCredential, external.Id.ToString()));
            Log.Add(new Changed(ChangeKind.NamedCredential, name));
        }

        public void Delete(int number)
        {
            if (Named.Remove("N" + number, out var before))
            {
                Externals.Remove(before.ExternalCredentialId);
                Grants.Remove(before.Id);
                Log.Add(new Changed(ChangeKind.NamedCredential, before.Name.Value));
                Log.Add(new Changed(ChangeKind.ExternalCredential, before.ExternalCredentialId.ToString()));
            }
        }

        public void Grant(int number)
        {
            if (Named.GetValueOrDefault("N" + number) is { } named)
            {
                Grants[named.Id] = new Grant(App, named.Id, ["default"]);
                Log.Add(Changed.Grant(App, named.Id));
            }
        }

        public void Withdraw(int number)
        {
            if (Named.GetValueOrDefault("N" + number) is { } named && Grants.Remove(named.Id))
            {
                Log.Add(Changed.Grant(App, named.Id));
            }
        }
    }

    /// <summary>
    /// Tells the reading, batch by batch and step by step, what is stored when the step is done, as <see cref="ChangedRows"/> does: what is granted no
    /// more, then definitions, then what is granted, one by one or all of the app.
    /// </summary>
    private sealed class Feed(Store store, SnapshotReading reading)
    {
        private readonly Queue<Action> _steps = new();
        private int _heard;

        public void Step(int upTo, bool isWhole)
        {
            if (_steps.Count == 0)
            {
                var batch = store.Log.Skip(_heard).Take(upTo).ToList();
                _heard += batch.Count;
                Plan(batch, isWhole);
            }

            if (_steps.TryDequeue(out var step))
            {
                step();
            }
        }

        public void Finish()
        {
            while (_steps.Count > 0 || _heard < store.Log.Count)
            {
                Step(store.Log.Count, false);
            }
        }

        private void Plan(List<Changed> batch, bool isWhole)
        {
            var grants = batch.Where(changed => changed.Kind is ChangeKind.Grant).Select(changed => Guid.Parse(changed.Which.Split('/')[1])).Distinct().ToList();
            foreach (var named in grants)
            {
                _steps.Enqueue(() =>
                {
                    if (!store.Grants.ContainsKey(named))
                    {
                        reading.Change(App, named, null);
                    }
                });
            }

            foreach (var (kind, which) in batch)
            {
                if (kind is ChangeKind.NamedCredential)
                {
                    _steps.Enqueue(() => reading.Change(which.ToLowerInvariant(), store.Named.GetValueOrDefault(which)));
                }
                else if (kind is ChangeKind.ExternalCredential)
                {
                    _steps.Enqueue(() => reading.Change(Guid.Parse(which), store.Externals.GetValueOrDefault(Guid.Parse(which))));
                }
            }

            if (isWhole && grants.Count > 0)
            {
                _steps.Enqueue(() => reading.Change(App, store.Grants.Values.ToList()));
            }
            else
            {
                grants.ForEach(named => _steps.Enqueue(() => reading.Change(App, named, store.Grants.GetValueOrDefault(named))));
            }
        }
    }
}
