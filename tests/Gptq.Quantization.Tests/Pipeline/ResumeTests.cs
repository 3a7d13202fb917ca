using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Pipeline;

public sealed class ResumeTests : PipelineTest
{
    [Fact]
    public async Task A_second_request_takes_the_result_from_the_cache()
    {
        var first = await RunAsync(Request());
        var blocks = 0;
        var second = await RunAsync(
            Request() with { OutputDirectory = Path.Combine(Root, "other") }, progress => blocks += progress.Phase == PipelinePhase.Quantize ? 1 : 0);

        Assert.False(first.FromCache);
        Assert.True(second.FromCache);
        Assert.Equal(0, blocks);
        Assert.Equal(Files(Output), Files(Path.Combine(Root, "other")));
    }

    [Theory]
    [InlineData(SolverMethod.Gptq)]
    [InlineData(SolverMethod.Gptaq)]
    public async Task An_interrupted_run_goes_on_after_its_last_block_and_ends_with_the_same_bytes(SolverMethod method)
    {
        var options = new QuantizationOptions { Method = method };
        await RunAsync(Request(options) with { CacheDirectory = Path.Combine(Root, "other-cache"), OutputDirectory = Path.Combine(Root, "whole") });

        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            Request(options),
            progress =>
            {
                if (progress is { Phase: PipelinePhase.Quantize, Done: 3 }) interrupt.Cancel();
            },
            interrupt.Token));
        Assert.False(Directory.Exists(Output));

        var started = new List<int>();
        await RunAsync(
            Request(options),
            progress =>
            {
                if (progress.Phase == PipelinePhase.Quantize) started.Add(progress.Done);
            });

        Assert.Equal([3, 4, 5], started);
        Assert.Equal(Files(Path.Combine(Root, "whole")), Files(Output));
    }
}
