using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Tests.Caching;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>Whole runs on caches that are full, read-only or damaged: the same bytes in the end, or a code and nothing.</summary>
public sealed class DamagedCacheTests : PipelineTest
{
    private string Cache => Request().CacheDirectory!;

    [Fact]
    public async Task A_flipped_bit_is_reported_and_the_model_made_again()
    {
        await RunAsync(Request());
        var whole = Files(Output);
        var entry = Directory.EnumerateFiles(Path.Combine(Cache, "v1", "entries"), "model.onnx.data", SearchOption.AllDirectories).Single();
        FlipBit(entry);

        var again = await RunAsync(Request() with { OutputDirectory = Path.Combine(Root, "again") });

        Assert.False(again.FromCache);
        Assert.Contains("GPTQ5104", again.Warnings.Select(warning => warning.Code));
        Assert.Equal(whole, Files(Path.Combine(Root, "again")));
    }

    [Fact]
    public async Task A_full_disk_is_a_code_and_the_next_run_goes_on_behind_the_blocks_that_fitted()
    {
        await RunAsync(Request() with { CacheDirectory = Path.Combine(Root, "other") });
        var whole = Files(Output);
        Directory.Delete(Output, recursive: true);
        // Room for a block or two.
        using var disk = SmallDisk.Mount(Cache, megabytes: 16);
        disk.Fill(leaving: 1_500_000);

        var error = await Assert.ThrowsAsync<GptqException>(() => RunAsync(Request()));

        Assert.Equal("GPTQ5101", error.Code);
        Assert.False(Directory.Exists(Output));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(Cache, "v1", "entries")));
        disk.FreeFiller();
        var first = -1;
        await RunAsync(Request(), progress =>
        {
            if (progress.Phase == PipelinePhase.Quantize && first < 0) first = progress.Done;
        });
        Assert.InRange(first, 1, 4);
        Assert.Equal(whole, Files(Output));
    }

    [Fact]
    public async Task A_read_only_cache_is_used_and_what_it_lacks_goes_to_the_output_alone()
    {
        using var disk = SmallDisk.Mount(Cache, megabytes: 64);
        await RunAsync(Request());
        var whole = Files(Output);
        disk.MakeReadOnly();

        var cached = await RunAsync(Request() with { OutputDirectory = Path.Combine(Root, "again") });
        var options = Request().Options with { GroupSize = 64 };
        var made = await RunAsync(Request(options) with { OutputDirectory = Path.Combine(Root, "made", "bard") });

        Assert.True(cached.FromCache);
        Assert.Equal(whole, Files(Path.Combine(Root, "again")));
        Assert.False(made.FromCache);
        Assert.Contains("GPTQ5102", made.Warnings.Select(warning => warning.Code));
        Assert.True(File.Exists(Path.Combine(Root, "made", "bard", "model.onnx")));
    }

    private static void FlipBit(string path)
    {
        File.SetAttributes(path, FileAttributes.Normal);
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite) { Position = 1000 };
        var value = file.ReadByte();
        file.Position = 1000;
        file.WriteByte((byte)(value ^ 1));
    }
}
