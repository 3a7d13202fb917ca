using System.CommandLine;
using Gptq.Quantization.Pipeline;
using Gptq.Tool.Models;
using Gptq.Tool.Reports;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq inspect</c>: what a checkpoint or a quantized model holds.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "The folder of a quantized model or of a checkpoint, or the name of a checkpoint that was pulled." };
        var json = ModelArguments.Json();
        var command = new Command("inspect", "Shows what a quantized model or a checkpoint holds: layers, bits, errors, sizes.") { model, json };
        command.SetAction(async (result, cancellation) =>
        {
            var folder = await ModelFolder.FindAsync(result.GetRequiredValue(model), cancellation).ConfigureAwait(false);
            var output = result.InvocationConfiguration.Output;
            if (folder.IsBundle)
            {
                var report = new BundleReport(folder, BundleDescription.Read(folder.Directory));
                if (result.GetValue(json)) output.WriteJson(report.ToJson());
                else report.Print(output);
            }
            else
            {
                using var checkpoint = ModelCheckpoint.Open(folder.Directory);
                var report = new CheckpointReport(folder, checkpoint);
                if (result.GetValue(json)) output.WriteJson(report.ToJson());
                else report.Print(output);
            }
            return ExitCodes.Done;
        });
        return command;
    }
}
