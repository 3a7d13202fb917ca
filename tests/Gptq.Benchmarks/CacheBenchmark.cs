using System.CommandLine;
using Gptq.Quantization.Caching;

namespace Gptq.Benchmarks;

/// <summary>
/// A result in the cache: digests of a file the first time and remembered, committing, and putting it into an output folder, against
/// plainly copying the file. Everything lies in the page cache; on a slow disk reading and writing set the pace.
/// </summary>
internal sealed class CacheBenchmark : IBenchmark
{
    private static readonly Option<int> s_megabytes = new("--megabytes") { DefaultValueFactory = _ => 512, Description = "Size of the result." };
    private static readonly Option<int> s_runs = new("--runs") { DefaultValueFactory = _ => 5, Description = "Timed runs of each." };

    public Command CreateCommand()
    {
        var command = new Command("cache", "The result cache against plainly copying a file.") { s_megabytes, s_runs };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"gptq-benchmark-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            Run(arguments, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Run(ParseResult arguments, string folder)
    {
        var bytes = (long)arguments.GetValue(s_megabytes) << 20;
        var source = Path.Combine(folder, "model.onnx.data");
        Write(source, bytes);
        File.SetLastWriteTimeUtc(source, DateTime.UtcNow.AddMinutes(-1));
        using var cache = new ResultCache(new() { Folder = Path.Combine(folder, "cache") });
        var output = Path.Combine(folder, "output");
        Commit(cache, source);

        var seconds = Measure.Interleaved(
            arguments.GetValue(s_runs),
            () => File.Copy(source, Path.Combine(folder, "copy"), overwrite: true),
            () => new FileDigests(Path.Combine(folder, Guid.NewGuid().ToString("N"))).Compute(source),
            () => new FileDigests(Path.Combine(folder, "cache")).Compute(source),
            () => Commit(cache, source),
            () => Materialize(cache, output));
        new Report().Add("megabytes", bytes >> 20)
            .Add("copy_s", seconds[0])
            .Add("digest_first_gb_per_s", bytes / seconds[1] / 1e9)
            .Add("digest_remembered_ms", seconds[2] * 1e3)
            .Add("commit_s", seconds[3])
            .Add("materialize_s", seconds[4])
            .Add("materialize_gb_per_s", bytes / seconds[4] / 1e9)
            .Add("materialize_over_copy", seconds[4] / seconds[0])
            .Write(arguments);
    }

    private static CacheEntry Acquire(ResultCache cache) =>
        cache.AcquireAsync(new CacheKeyBuilder(1).Build()).GetAwaiter().GetResult();

    // Writing the files counts, as it does for a build; so do digests and the flush to the disk.
    private static void Commit(ResultCache cache, string source)
    {
        using var entry = Acquire(cache);
        using var staging = entry.BeginStaging();
        File.Copy(source, Path.Combine(staging.Directory, "model.onnx.data"));
        File.WriteAllText(Path.Combine(staging.Directory, "quantization.json"), "{}");
        entry.CommitAsync(staging).GetAwaiter().GetResult();
    }

    private static void Materialize(ResultCache cache, string output)
    {
        using var entry = Acquire(cache);
        if (entry.TryMaterializeAsync(output).GetAwaiter().GetResult() != CacheHit.Local)
            throw new InvalidOperationException("The result is gone.");
    }

    private static void Write(string path, long bytes)
    {
        var chunk = new byte[1 << 20];
        var random = new Random(1);
        using var file = File.Create(path);
        for (var written = 0L; written < bytes; written += chunk.Length)
        {
            random.NextBytes(chunk);
            file.Write(chunk);
        }
    }
}
