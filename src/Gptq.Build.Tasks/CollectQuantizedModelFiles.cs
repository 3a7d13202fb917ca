using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>Lists the files of finished models, each with its place below the output folder.</summary>
[MSBuildMultiThreadableTask]
public sealed class CollectQuantizedModelFiles : Task
{
    /// <summary>Items of <see cref="ResolveQuantizeModels.ResolvedModels"/>.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Whether a model without result is worth a warning: it is when the output is put together, not when an editor asks.</summary>
    public bool WarnOfMissing { get; set; }

    /// <summary>The files: TargetPath is relative to the output folder, ModelName names the model.</summary>
    [Output]
    public ITaskItem[] Files { get; private set; } = [];

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, Collect);

    private bool Collect()
    {
        List<ITaskItem> files = [];
        foreach (var model in Models)
        {
            var state = ModelState.Read(model.GetMetadata("StateFile"));
            if (state is null)
            {
                if (WarnOfMissing)
                    new ItemLog(Log, model).Warning("GPTQ1017", "it was never quantized, so it is not among the output. Build without --no-build and without SkipQuantizeModels first.");
                continue;
            }
            foreach (var file in state.Outputs)
            {
                var item = new TaskItem(EscapedText.Of(Path.Combine(model.GetMetadata("OutputDirectory"), file.Path)));
                item.SetMetadata("TargetPath", EscapedText.Of(model.GetMetadata("TargetPath") + "/" + file.Path));
                item.SetMetadata("ModelName", EscapedText.Of(model.GetMetadata("ModelName")));
                files.Add(item);
            }
        }
        Files = [.. files];
        return true;
    }
}
