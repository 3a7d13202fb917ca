using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization.Devices;
using Gptq.Tool.Cuda;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq cuda info|install</c>: what the machine has for Device=cuda, and fetching what it lacks.</summary>
internal static class CudaCommand
{
    public static Command Create() => new("cuda", "Shows what this machine has for Device=cuda, and fetches the libraries.") { Info(), Install() };

    private static Command Info()
    {
        var json = new Option<bool>("--json") { Description = "JSON instead of text." };
        var command = new Command("info", "Shows the GPUs and where the libraries are. Loads and fetches nothing.") { json };
        command.SetAction(result =>
        {
            var folder = CudaFolder.Default;
            var machine = CudaDriver.Probe(CudaDriver.LibraryName);
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json)) output.WriteJson(ToJson(machine, folder));
            else output.WriteLine(ToText(machine, folder));
        });
        return command;
    }

    private static Command Install()
    {
        var force = new Option<bool>("--force") { Description = "Fetch them again." };
        var command = new Command("install", "Fetches the CUDA libraries, about 3 GB, so that builds find them.") { force };
        command.SetAction(async (result, cancellation) =>
        {
            var folder = CudaFolder.Default;
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(force) && !folder.IsNamed && Directory.Exists(folder.Path)) Directory.Delete(folder.Path, recursive: true);
            if (folder.Missing() is not null) await new CudaLibraries(folder).InstallAsync(output.WriteLine, cancellation).ConfigureAwait(false);
            output.WriteLine($"The CUDA libraries are in {folder.Path}.");
        });
        return command;
    }

    private static string ToText(CudaMachine machine, CudaFolder folder)
    {
        var gpus = machine.WhyNone is { } why ? [$"no GPU: {why}"] : machine.Gpus.Select(gpu => $"cuda:{gpu.Index}  {gpu.Name}, {ByteSize.Format(gpu.FreeBytes)} of {ByteSize.Format(gpu.TotalBytes)} free");
        return string.Join(Environment.NewLine, [.. gpus, folder.Missing() ?? $"libraries: {folder.Path}"]);
    }

    private static JsonObject ToJson(CudaMachine machine, CudaFolder folder) => new()
    {
        ["gpus"] = new JsonArray([.. machine.Gpus.Select(gpu => (JsonNode)new JsonObject
        {
            ["index"] = gpu.Index, ["name"] = gpu.Name, ["totalBytes"] = gpu.TotalBytes, ["freeBytes"] = gpu.FreeBytes,
        })]),
        ["whyNone"] = machine.WhyNone,
        ["folder"] = folder.Path,
        ["missing"] = folder.Missing(),
    };
}
