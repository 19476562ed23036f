// Each test runs a dozen processes: two at once would only keep each other waiting.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
