using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Tests.Pipeline;

public sealed class DeviceLockTests : PipelineTest
{
    private const string Waiting = "waiting for another model on this device";

    [Fact]
    public async Task A_model_waits_for_the_one_before_it_on_its_device_and_a_cached_one_does_not()
    {
        var request = Request() with { DeviceLocks = Path.Combine(Root, "locks") };
        var other = await DeviceLock.AcquireAsync(request.DeviceLocks, "cpu", () => Assert.Fail("Nobody else is there."), TestContext.Current.CancellationToken);
        var waits = new TaskCompletionSource();
        var quantizes = new TaskCompletionSource();

        var run = RunAsync(request, progress =>
        {
            if (progress.Detail == Waiting) waits.SetResult();
            if (progress.Phase == PipelinePhase.Quantize) quantizes.TrySetResult();
        });
        await waits.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.False(quantizes.Task.IsCompleted);
        other!.Dispose();
        await run;
        Assert.True(quantizes.Task.IsCompleted);

        using (await DeviceLock.AcquireAsync(request.DeviceLocks, "cpu", () => Assert.Fail("The device was not given back."), TestContext.Current.CancellationToken))
            Assert.True((await RunAsync(request with { OutputDirectory = Path.Combine(Root, "again") })).FromCache);
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        var request = Request() with { DeviceLocks = Path.Combine(Root, "locks") };
        using var other = await DeviceLock.AcquireAsync(request.DeviceLocks, "cpu", () => { }, TestContext.Current.CancellationToken);
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            request, progress => { if (progress.Detail == Waiting) cancellation.Cancel(); }, cancellation.Token));

        Assert.False(Directory.Exists(Output));
    }
}
