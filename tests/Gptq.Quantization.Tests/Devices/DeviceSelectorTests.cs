using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Tests.Devices;

public sealed class DeviceSelectorTests
{
    private static readonly CudaMachine s_none = CudaMachine.Without("there is no NVIDIA driver");

    [Fact]
    public async Task TheProcessorAsksNobody()
    {
        var gpu = new FakeGpu();
        var selection = await Select(DeviceChoice.Cpu, gpu);
        Assert.Equal(("cpu", "on the processor", 0), (selection.Kind, selection.Statement, gpu.Probed));
    }

    [Fact]
    public async Task AutoWithoutAGpuLoadsAndFetchesNothing()
    {
        var gpu = new FakeGpu { Machine = s_none, Missing = "everything is missing" };
        var selection = await Select(DeviceChoice.Auto, gpu);
        Assert.Equal(("cpu", "on the processor: there is no NVIDIA driver"), (selection.Kind, selection.Statement));
        Assert.Equal((0, 0), (gpu.Loaded, gpu.Installed));
    }

    [Fact]
    public async Task AutoTakesAGpuThatHasEverything()
    {
        var gpu = new FakeGpu { Machine = new([new(0, "Fake GPU", 8L << 30, 1L << 30), new(1, "Fake GPU", 8L << 30, 6L << 30)], null) };
        var selection = await Select(DeviceChoice.Auto, gpu, neededBytes: 2L << 30);
        Assert.Equal([1], selection.Gpus.Select(chosen => chosen.Index));
        Assert.Equal("on cuda:1 (Fake GPU, 6.0 GiB of 8.0 GiB free)", selection.Statement);
        Assert.Equal("cuda: Fake GPU", selection.Description);
        Assert.Equal(0, gpu.Installed);
    }

    [Fact]
    public async Task AutoWithTooLittleMemoryStaysOnTheProcessorAndSaysSo()
    {
        var selection = await Select(DeviceChoice.Auto, new FakeGpu(), neededBytes: 9L << 30);
        Assert.Equal("cpu", selection.Kind);
        Assert.Contains("9.0 GiB of free memory", selection.Statement, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AutoWithoutLibrariesStaysOnTheProcessorAndSaysHowToGetThem()
    {
        var gpu = new FakeGpu { Missing = "the CUDA libraries are not installed" };
        var selection = await Select(DeviceChoice.Auto, gpu);
        Assert.Equal(("cpu", 0), (selection.Kind, gpu.Installed));
        Assert.Contains("gptq cuda install", selection.Statement, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CudaWithoutAGpuIsAnErrorThatSaysWhatToInstall()
    {
        var exception = await Assert.ThrowsAsync<GptqException>(() => Select(DeviceChoice.Cuda, new FakeGpu { Machine = s_none }));
        Assert.Equal("GPTQ6101", exception.Code);
        Assert.Contains("Install NVIDIA's driver", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CudaFetchesItsLibrariesOnce()
    {
        var gpu = new FakeGpu { Missing = "the CUDA libraries are not installed" };
        var said = new List<string>();
        var selection = await DeviceSelector.SelectAsync(DeviceChoice.Cuda, gpu, 0, download: true, said.Add, default);
        Assert.Equal(("cuda", 1), (selection.Kind, gpu.Installed));
        Assert.Equal(["fetching"], said);
        await DeviceSelector.SelectAsync(DeviceChoice.Cuda, gpu, 0, download: true, said.Add, default);
        Assert.Equal(1, gpu.Installed);
    }

    [Fact]
    public async Task CudaWithoutLibrariesAndWithoutDownloadsIsAnError()
    {
        var gpu = new FakeGpu { Missing = "the CUDA libraries are not installed" };
        var exception = await Assert.ThrowsAsync<GptqException>(() => DeviceSelector.SelectAsync(DeviceChoice.Cuda, gpu, 0, download: false, _ => { }, default));
        Assert.Equal(("GPTQ6102", 0), (exception.Code, gpu.Installed));
    }

    [Fact]
    public async Task CudaTakesAGpuThatIsSmallToo()
    {
        var selection = await Select(DeviceChoice.Cuda, new FakeGpu(), neededBytes: long.MaxValue);
        Assert.Equal("cuda", selection.Kind);
    }

    [Fact]
    public void ADriverThatIsNotThereOrNoDriverIsToldWithoutAnException()
    {
        Assert.Equal(CudaMachine.Without("there is no NVIDIA driver").WhyNone, CudaDriver.Probe("libno-such-driver.so.1").WhyNone);
        var other = OperatingSystem.IsWindows() ? "kernel32.dll" : OperatingSystem.IsMacOS() ? "libSystem.dylib" : "libc.so.6";
        Assert.Equal("the NVIDIA driver has no cuInit", CudaDriver.Probe(other).WhyNone);
    }

    private static Task<DeviceSelection> Select(DeviceChoice choice, FakeGpu gpu, long neededBytes = 0) =>
        DeviceSelector.SelectAsync(choice, gpu, neededBytes, download: true, _ => { }, default);
}
