using Gptq.Quantization;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Tool.Cuda;

namespace Gptq.Tool.Tests.Cuda;

/// <summary>What is loaded from a folder of CUDA libraries, and what is said where it can't be.</summary>
public sealed class CudaFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("gptq-cuda-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AFolderThatIsNotThereOrNotCompleteSaysWhatIsMissing()
    {
        Assert.Contains("are not installed", new CudaFolder(Path.Combine(_root, "none")).Missing(), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_root, "TorchSharp.dll"), "");
        var missing = new CudaFolder(_root).Missing();
        Assert.Contains("lacks Gptq.TorchSharp.dll, ", missing, StringComparison.Ordinal);
        Assert.DoesNotContain(" TorchSharp.dll", missing, StringComparison.Ordinal);
    }

    [Fact]
    public void NativeLibrariesAreFoundBesideTheAssembliesAndWhereNuGetPutsThem()
    {
        var platform = OperatingSystem.IsWindows() ? "win-x64" : "linux-x64";
        var native = Directory.CreateDirectory(Path.Combine(_root, "runtimes", platform, "native")).FullName;
        var name = OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : "libLibTorchSharp.so";
        File.WriteAllText(Path.Combine(native, name), "");
        Assert.Equal(Path.Combine(native, name), new CudaFolder(_root).Native("LibTorchSharp"));
        File.WriteAllText(Path.Combine(_root, name), "");
        Assert.Equal(Path.Combine(_root, name), new CudaFolder(_root).Native("LibTorchSharp"));
        Assert.Null(new CudaFolder(_root).Native("another"));
    }

    [Fact]
    public void DamagedLibrariesAreAnErrorThatNamesTheFile()
    {
        var libraries = new CudaLibraries(new CudaFolder(_root));
        Assert.Equal("GPTQ6103", Assert.Throws<GptqException>(() => libraries.LoadTorch()).Code);
        foreach (var name in (string[])["Gptq.TorchSharp.dll", "TorchSharp.dll", OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : "libLibTorchSharp.so"])
            File.WriteAllText(Path.Combine(_root, name), "no library");
        Assert.Null(libraries.MissingLibraries());
        var exception = Assert.Throws<GptqException>(() => libraries.LoadTorch());
        Assert.Equal("GPTQ6103", exception.Code);
        Assert.Contains("LibTorchSharp", exception.File, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAGpuCudaIsAnErrorAndInfoSaysWhy()
    {
        var machine = CudaDriver.Probe(CudaDriver.LibraryName);
        Assert.SkipWhen(machine.WhyNone is null, "This machine has a GPU.");
        var model = Path.Combine(_root, "model");
        var run = await ToolRun.RunAsync(
            "quantize", "--model", Gptq.Tests.TestPaths.BardOpt, "--output", model, "--cache-directory", Path.Combine(_root, "cache"), "--device", "cuda", "--progress", "msbuild");
        Assert.Equal(ExitCodes.Failed, run.Exit);
        Assert.Contains($"error GPTQ6101: Device=cuda was asked for, but {machine.WhyNone}", run.Error, StringComparison.Ordinal);
        Assert.Contains(machine.WhyNone!, (await ToolRun.RunAsync("cuda", "info")).Output, StringComparison.Ordinal);
        Assert.Contains("\"whyNone\": \"" + machine.WhyNone, (await ToolRun.RunAsync("cuda", "info", "--json")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatAPersonNamesIsLoadedAndSolvesAsTheProcessorDoes()
    {
        Assert.SkipUnless(CudaFolder.Default.IsNamed, $"Set {CudaFolder.EnvironmentVariable} to a folder with Gptq.TorchSharp.dll, TorchSharp.dll and libtorch to run this test.");
        var torch = new CudaLibraries(CudaFolder.Default).LoadTorch();
        torch.Start();
        var (weight, inputs) = (Values(64 * 96, 1), Values(200 * 96, 2));
        var (expected, actual) = (Solve(new CpuLayerSolver(1)), Solve(torch.CreateSolver("cpu")));
        Assert.Equal(typeof(QuantizedLinear).Assembly, actual.GetType().Assembly);
        Assert.InRange(expected.Codes.Zip(actual.Codes).Count(pair => pair.First == pair.Second), 0.99 * expected.Codes.Length, expected.Codes.Length);

        QuantizedLinear Solve(ILayerSolver solver)
        {
            using var hessian = new HessianAccumulator(96);
            hessian.Add(inputs, 200, "layer", "0");
            using var factor = solver.Factor(hessian, new SolverOptions { GroupSize = 32 });
            return solver.Solve(factor, "layer", weight, 64, 96, new SolverOptions { GroupSize = 32 }).Linear;
        }

        static float[] Values(int count, int seed)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        }
    }
}
