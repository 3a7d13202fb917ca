using Gptq.CacheProcess;
using Gptq.Quantization.Caching;

// What a test wants to wait for is printed, one word a line.
return args switch
{
    ["once", var folder, var output, var content] => await OnceAsync(folder, output, content),
    ["loop", var folder, var output] => await LoopAsync(folder, output),
    ["journal", var folder] => await JournalAsync(folder),
    _ => 2,
};

// Takes the result, or computes it when the test says so.
static async Task<int> OnceAsync(string folder, string output, string content)
{
    var cache = new ResultCache(new() { Folder = folder });
    using var entry = await cache.AcquireAsync(Results.Key(content), () => Console.WriteLine("waiting"));
    if (await entry.TryMaterializeAsync(output) == CacheHit.None)
    {
        Console.WriteLine("computing");
        Console.ReadLine();
        await CommitAsync(entry, content);
        await entry.TryMaterializeAsync(output);
        Console.WriteLine("computed");
    }
    else
    {
        Console.WriteLine("taken");
    }
    return 0;
}

// Commits and replaces the output without end.
static async Task<int> LoopAsync(string folder, string output)
{
    var cache = new ResultCache(new() { Folder = folder });
    for (var i = 0; ; i++)
    {
        var content = $"{i % 3}";
        using (var entry = await cache.AcquireAsync(Results.Key(content)))
        {
            await CommitAsync(entry, content);
            await entry.TryMaterializeAsync(output);
        }
        Console.WriteLine(i);
    }
}

// Finishes blocks without end, each carrying something for the next.
static async Task<int> JournalAsync(string folder)
{
    var cache = new ResultCache(new() { Folder = folder });
    using var entry = await cache.AcquireAsync(Results.Key("journal"));
    var journal = await entry.OpenJournalAsync();
    Console.WriteLine(journal.LastContiguousBlock);
    for (var block = journal.LastContiguousBlock + 1; ; block++)
    {
        using var writer = journal.BeginBlock(block);
        foreach (var name in Results.BlobNames)
        {
            using var stream = writer.Create(name, carried: name == Results.Carried);
            stream.Write(Results.Bytes($"{block}/{name}"));
        }
        writer.Commit();
        Console.WriteLine(block);
    }
}

static async Task CommitAsync(CacheEntry entry, string content)
{
    using var staging = entry.BeginStaging();
    Results.Write(staging.Directory, content);
    await entry.CommitAsync(staging);
}
