using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gptq.Quantization;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Tool.Cuda;
using Gptq.Tool.Progress;
using Gptq.Tool.Reports.Page;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq quantize</c>: one checkpoint to one bundle. The MSBuild task runs this with the item's metadata.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var defaults = new QuantizationOptions();
        var model = new Option<string>("--model") { HelpName = "model", Description = "The checkpoint: a directory, a name under a root, or a hub repository such as facebook/opt-125m.", Required = true };
        var output = new Option<DirectoryInfo>("--output") { HelpName = "folder", Description = "The folder to write; replaced as a whole.", Required = true };
        var projectDirectory = new Option<DirectoryInfo>("--project-directory") { HelpName = "folder", Description = "Where relative paths start [default: the current folder]." };
        var modelRoots = new Option<string>("--model-roots") { HelpName = "folders", Description = "Folders that hold checkpoints by name, separated by semicolons." };
        var revision = new Option<string>("--revision") { HelpName = "name", Description = "Commit, tag or branch on the hub.", DefaultValueFactory = _ => "main" };
        var download = new Option<bool>("--download") { Description = "Whether the hub may be asked [default: true].", DefaultValueFactory = _ => true };
        var name = new Option<string>("--name") { HelpName = "name", Description = "The bundle's name [default: the last part of the model]." };
        var bits = WordOption.Create("--bits", "bits", "Bits of a weight", "GPTQ1102", OptionValues.TryParseBits, OptionValues.Format, defaults.Bits, "2", "3", "4", "8", "ternary");
        var groupSize = new Option<int>("--group-size") { HelpName = "n", Description = "Columns that share a scale: -1 for a whole row, or a power of two from 16 to 1024.", DefaultValueFactory = _ => defaults.GroupSize };
        var symmetric = new Option<bool>("--symmetric") { Description = $"A grid symmetric around zero [default: {Word(defaults.Symmetric)}].", DefaultValueFactory = _ => defaults.Symmetric };
        var actOrder = WordOption.Create("--act-order", "order", "The order in which columns are solved", "GPTQ1104", OptionValues.TryParseActOrder, OptionValues.Format, defaults.ActOrder, "none", "static", "group-aware", "dynamic");
        var mseSearch = new Option<bool>("--mse-search") { Description = $"Search shrunken grids for the smallest error [default: {Word(defaults.MseSearch)}].", DefaultValueFactory = _ => defaults.MseSearch };
        var trueSequential = new Option<bool>("--true-sequential") { Description = $"Calibrate each layer after those before it in the block are quantized [default: {Word(defaults.TrueSequential)}].", DefaultValueFactory = _ => defaults.TrueSequential };
        var damp = new Option<double>("--damp") { HelpName = "x", Description = "Added to the Hessian's diagonal, as a fraction of its mean.", DefaultValueFactory = _ => defaults.Damp, CustomParser = result => Parse(result, ParseNumber, "GPTQ1105", "a number such as 0.01") };
        var method = WordOption.Create("--method", "method", "How weights are rounded", "GPTQ1107", OptionValues.TryParseMethod, OptionValues.Format, defaults.Method, "gptq", "gptaq", "rtn");
        var calibrationData = new Option<string>("--calibration-data") { HelpName = "text", Description = "A .txt or .jsonl file or a folder of them; self lets the model write its own [default: a text that ships with the tool]." };
        var calibrationSamples = new Option<int>("--calibration-samples") { HelpName = "n", Description = "Calibration sequences.", DefaultValueFactory = _ => defaults.CalibrationSamples };
        var sequenceLength = new Option<int?>("--sequence-length") { HelpName = "n", Description = "Tokens of a calibration sequence [default: the smaller of 2048 and what the model takes]." };
        var seed = new Option<int>("--seed") { HelpName = "n", Description = "Decides which places of the calibration text are drawn.", DefaultValueFactory = _ => defaults.Seed };
        var modules = new Option<string>("--modules") { HelpName = "rules", Description = "Overrides for single layers, such as \"lm_head=8;*.fc2=3g64;*.layers.0.*=skip\"." };
        var targetBitsPerWeight = new Option<double?>("--target-bits-per-weight") { HelpName = "bits", Description = "An average such as 3.5, scales included: each layer gets the bits and groups that its measured sensitivity deserves.", CustomParser = result => Parse(result, ParseNumber, "GPTQ1117", "a number such as 3.5") };
        var operators = WordOption.Create("--operators", "set", "Operators that the graph may use", "GPTQ1108", OptionValues.TryParseOperators, OptionValues.Format, defaults.Operators, "auto", "onnxruntime", "onnxruntime-fp16", "gptq", "portable");
        var formats = new Option<ModelFormats?>("--formats") { HelpName = "formats", Description = "onnx, gptq or gptq_v2 (a checkpoint that transformers and vLLM load), or onnx and one of them with a semicolon between [default: onnx].", CustomParser = result => Parse(result, OptionValues.TryParseFormats, "GPTQ1115", "onnx, gptq or gptq_v2, or onnx and one of the others with a semicolon between") };
        var device = WordOption.Create("--device", "device", "What to calibrate and solve on; auto takes CUDA where everything for it is there", "GPTQ1118", OptionValues.TryParseDevice, OptionValues.Format, DeviceChoice.Auto, "auto", "cpu", "cuda");
        var evaluationData = new Option<string>("--evaluation-data") { HelpName = "text", Description = "A text to compare the result with the float model on." };
        var maxPerplexityIncrease = new Option<double?>("--max-perplexity-increase") { HelpName = "x", Description = "Fail when perplexity rises by more." };
        var maxKlDivergence = new Option<double?>("--max-kl-divergence") { HelpName = "x", Description = "Fail when the next token's distribution moves by more, in nats." };
        var cacheDirectory = new Option<string>("--cache-directory") { HelpName = "folder", Description = "The folder of the cache [default: in the user's cache folder]." };
        var remoteCache = new Option<string>("--remote-cache") { HelpName = "address", Description = "The address of a shared cache." };
        var manifest = new Option<FileInfo>("--manifest") { HelpName = "file", Description = "A file that gets the list of what was written and read." };
        var report = new Option<FileInfo>("--report") { HelpName = "file", Description = "A page to write of how it went: bits, size and error of every layer, and quality where there is a text to measure it on." };
        var threads = new Option<int>("--threads") { HelpName = "n", Description = "Threads for calibration and solving.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var parentProcess = new Option<int?>("--parent-process") { Description = "Stop when this process ends.", Hidden = true };
        var progress = new Option<string>("--progress") { Description = "msbuild for plain lines.", Hidden = true };

        var command = new Command("quantize", "Quantizes a checkpoint and writes a folder that Gptq.Runtime and ONNX Runtime GenAI load.")
        {
            model, output, projectDirectory, modelRoots, revision, download, name, bits, groupSize, symmetric, actOrder, mseSearch, trueSequential, damp, method,
            calibrationData, calibrationSamples, sequenceLength, seed, modules, targetBitsPerWeight, operators, formats, device, evaluationData, maxPerplexityIncrease, maxKlDivergence, cacheDirectory, remoteCache, manifest, report, threads, parentProcess, progress,
        };
        command.SetAction(async (result, cancellation) =>
        {
            var modelName = result.GetRequiredValue(model);
            var options = new QuantizationOptions
            {
                Bits = result.GetValue(bits) ?? defaults.Bits,
                GroupSize = result.GetValue(groupSize),
                Symmetric = result.GetValue(symmetric),
                ActOrder = result.GetValue(actOrder) ?? defaults.ActOrder,
                MseSearch = result.GetValue(mseSearch),
                TrueSequential = result.GetValue(trueSequential),
                Damp = result.GetValue(damp),
                Method = result.GetValue(method) ?? defaults.Method,
                CalibrationData = result.GetValue(calibrationData),
                CalibrationSamples = result.GetValue(calibrationSamples),
                SequenceLength = result.GetValue(sequenceLength),
                Seed = result.GetValue(seed),
                Modules = ModuleRules.Parse(result.GetValue(modules)),
                TargetBitsPerWeight = result.GetValue(targetBitsPerWeight),
                Operators = result.GetValue(operators) ?? defaults.Operators,
                Formats = result.GetValue(formats) ?? defaults.Formats,
            };
            var folder = result.GetValue(projectDirectory)?.FullName ?? Environment.CurrentDirectory;
            var gate = QualityGate.Create(
                result.GetValue(evaluationData), folder, result.GetValue(maxPerplexityIncrease), result.GetValue(maxKlDivergence));
            var request = new QuantizationRequest
            {
                Gate = gate is null ? null : gate.Check,
                Model = modelName,
                ProjectDirectory = folder,
                ModelRoots = (result.GetValue(modelRoots) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                Revision = result.GetRequiredValue(revision),
                Download = result.GetValue(download),
                OutputDirectory = result.GetRequiredValue(output).FullName,
                Name = result.GetValue(name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(modelName)),
                Options = options.Checked(),
                CacheDirectory = result.GetValue(cacheDirectory),
                RemoteCache = result.GetValue(remoteCache),
                ManifestPath = result.GetValue(manifest)?.FullName,
                DeviceLocks = DeviceLock.UserFolder,
                Device = result.GetValue(device) ?? DeviceChoice.Auto,
                Cuda = new CudaLibraries(CudaFolder.Default),
                Threads = Math.Max(1, result.GetValue(threads)),
            };
            using var linked = ParentWatch.Link(result.GetValue(parentProcess), cancellation);
            TimedProgress? times = null;
            var summary = await TerminalProgress.RunAsync(
                plain: result.GetValue(progress) == "msbuild",
                reporter => QuantizationPipeline.RunAsync(request, times = new TimedProgress(reporter), linked.Token)).ConfigureAwait(false);
            if (result.GetValue(report) is { } page) ReportFile.Write(page.FullName, summary, times!.Ended(), gate);
            foreach (var warning in summary.Warnings) Console.WriteLine(CommandEdge.Describe(warning));
            if (gate?.Measured is { } measured) Console.WriteLine(measured);
            Console.WriteLine(summary.ToString());
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Word(bool value) => value ? "true" : "false";

    private static double? ParseNumber(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static T Parse<T>(ArgumentResult result, Func<string, T?> parse, string code, string expected)
        where T : struct
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (parse(text) is { } value) return value;
        result.AddError($"{code}: '{text}' is not {expected}.");
        return default;
    }
}
