// A page's commands and the browser's app both build: side by side they would only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
