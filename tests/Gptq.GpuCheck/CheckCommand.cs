using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization.Devices;
using Gptq.Tool.Cuda;

namespace Gptq.GpuCheck;

/// <summary>
/// Checks of CUDA, a JSON line for each figure; 0 when all that has to hold holds. Without a GPU: --dry-run, which runs all of it on the
/// processor with tiny shapes.
/// </summary>
internal static class CheckCommand
{
    public static RootCommand Create(TextWriter output)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Tiny shapes on the processor: whether the checks themselves work." };
        var libraries = new Option<string?>("--libraries") { Description = "The folder with the CUDA libraries [default: that of gptq cuda install, which fetches it]." };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "A small trained checkpoint to quantize on both." };
        var only = new Option<string[]>("--only") { Description = "Some figures: solver-equality, forward-equality, whole-model, block-time, decode-speed.", AllowMultipleArgumentsPerToken = true };
        var prepare = new Option<string?>("--prepare") { Description = "Fetch the CUDA libraries into this folder, for a machine without network, and do nothing else." };
        var command = new RootCommand("Checks of CUDA.") { dryRun, libraries, checkpoint, only, prepare };
        command.SetAction(async (result, cancellation) =>
        {
            if (result.GetValue(prepare) is { } folder)
            {
                var target = new CudaFolder(Path.GetFullPath(folder));
                if (target.Missing() is not null) await new CudaInstaller(target).RunAsync(Console.Error.WriteLine, cancellation);
                return 0;
            }
            var named = result.GetValue(libraries) is { } path ? new CudaFolder(Path.GetFullPath(path)) : CudaFolder.Default;
            var context = result.GetValue(dryRun) ? DryRun(named) : await OnGpu(named, output, cancellation);
            if (context is null) return 1;
            Print(output, Machine(context));
            var wanted = result.GetValue(only) ?? [];
            var checks = new List<(string Name, Func<IEnumerable<Figure>> Run)>
            {
                ("solver-equality", () => SolverEquality.Run(context, cancellation)),
                ("forward-equality", () => ForwardEquality.Run(context, cancellation)),
                ("decode-speed", () => DecodeSpeed.Run(context, cancellation)),
                ("block-time", () => BlockTime.Run(context, cancellation)),
            };
            if (result.GetValue(checkpoint) is { } model) checks.Insert(2, ("whole-model", () => WholeModel.Run(context, Path.GetFullPath(model), cancellation)));
            var failed = false;
            foreach (var (name, run) in checks.Where(check => wanted.Length == 0 || wanted.Contains(check.Name)))
            {
                foreach (var figure in Guarded(name, run))
                {
                    Print(output, figure);
                    failed |= figure.Passed == false;
                }
            }
            return failed ? 1 : 0;
        });
        return command;
    }

    // What one check can't do says nothing of the others.
    private static IEnumerable<Figure> Guarded(string name, Func<IEnumerable<Figure>> run)
    {
        using var figures = run().GetEnumerator();
        while (true)
        {
            Figure? failure = null;
            try
            {
                if (!figures.MoveNext()) yield break;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                failure = new Figure(name, false, new JsonObject { ["why"] = exception.Message });
            }
            yield return failure ?? figures.Current;
            if (failure is not null) yield break;
        }
    }

    private static CheckContext DryRun(CudaFolder libraries) => new(
        new ProcessorEngine(libraries.Missing() is null ? Started(new CudaLibraries(libraries).LoadTorch()) : null),
        [new Gpu(0, "processor", 8L << 30, 8L << 30)], IsDryRun: true);

    private static ITorchEngine Started(ITorchEngine torch)
    {
        torch.Start();
        return torch;
    }

    private static async Task<CheckContext?> OnGpu(CudaFolder folder, TextWriter output, CancellationToken cancellation)
    {
        var libraries = new CudaLibraries(folder);
        var machine = libraries.Probe();
        if (machine.WhyNone is { } why)
        {
            Print(output, new Figure("machine", false, new JsonObject { ["why"] = why, ["hint"] = "--dry-run checks the checks" }));
            return null;
        }
        if (libraries.MissingLibraries() is not null) await libraries.InstallAsync(Console.Error.WriteLine, cancellation);
        return new CheckContext(libraries.Load(), machine.Gpus, IsDryRun: false);
    }

    private static Figure Machine(CheckContext context) => new("machine", null, new JsonObject
    {
        ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        ["gpus"] = new JsonArray([.. context.Gpus.Select(gpu => (JsonNode)gpu.Name)]),
        ["dryRun"] = context.IsDryRun,
        ["processors"] = Environment.ProcessorCount,
        ["forward"] = context.Engine.WhyNoForward ?? "on the device",
    });

    private static void Print(TextWriter output, Figure figure)
    {
        output.WriteLine(figure.ToLine());
        output.Flush();
    }
}
