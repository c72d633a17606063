// What one test allocates would count for another.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
