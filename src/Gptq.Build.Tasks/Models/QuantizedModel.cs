using Gptq.Quantization.Checkpoints.Locating;
using Microsoft.Build.Framework;

namespace Gptq.Build.Tasks;

/// <summary>A QuantizeModel item, read and checked.</summary>
internal sealed class QuantizedModel
{
    private QuantizedModel(ITaskItem item, string name, string targetPath, string? directory, IReadOnlyList<ModelOptionValue> options, ProjectContext context)
    {
        ProjectItem = item;
        Include = item.ItemSpec.Trim();
        Name = name;
        TargetPath = targetPath;
        Directory = directory;
        Options = options;
        OutputDirectory = Path.Combine(context.IntermediateDirectory, name);
        StateFile = OutputDirectory + ".state";
        ManifestFile = OutputDirectory + ".manifest.json";
        ResponseFile = OutputDirectory + ".rsp";
        LockFile = OutputDirectory + ".lock";
        ReportFile = OutputDirectory + ".report.html";
    }

    /// <summary>The item in the project.</summary>
    public ITaskItem ProjectItem { get; }

    /// <summary>What the project file names.</summary>
    public string Include { get; }

    /// <summary>The name of its folder.</summary>
    public string Name { get; }

    /// <summary>Where its folder stands below the output folder, with forward slashes.</summary>
    public string TargetPath { get; }

    /// <summary>The checkpoint's folder, when it is on this machine.</summary>
    public string? Directory { get; }

    /// <summary>The options that the project sets, checked, in the order of <see cref="ModelOptions.All"/>.</summary>
    public IReadOnlyList<ModelOptionValue> Options { get; }

    /// <summary>The result's folder, obj/gptq/name; the engine makes it appear whole.</summary>
    public string OutputDirectory { get; }

    public string StateFile { get; }

    public string ManifestFile { get; }

    public string ResponseFile { get; }

    public string LockFile { get; }

    /// <summary>The page for people; it does not ship.</summary>
    public string ReportFile { get; }

    /// <summary>Files or folders of text that the result depends on.</summary>
    public IEnumerable<string> TextPaths =>
        from option in Options
        where option.Option.Metadata is "CalibrationData" or "EvaluationData" && option.Value != "self"
        select option.Value;

    /// <summary>Reads an item.</summary>
    /// <exception cref="MetadataException">The first mistake in it.</exception>
    public static QuantizedModel From(ITaskItem item, ProjectContext context)
    {
        var include = item.ItemSpec.Trim();
        var name = ModelName.Of(include, item.GetMetadata("ModelName").Trim(), context);
        var target = Tasks.TargetPath.Of(item.GetMetadata("TargetPath").Trim(), name);
        List<ModelOptionValue> options = [];
        foreach (var option in ModelOptions.All)
            if (item.GetMetadata(option.Metadata) is { Length: > 0 } value) options.Add(new(option, option.Normalize(value, context)));
        if ((Value(options, "MaxPerplexityIncrease") ?? Value(options, "MaxKlDivergence")) is not null && Value(options, "EvaluationData") is null)
            throw new MetadataException("GPTQ1012", "MaxPerplexityIncrease and MaxKlDivergence are measured on EvaluationData, which is not set. "
                + "Set it to a text that the model is not calibrated on.");
        var request = new CheckpointRequest(include, context.ProjectDirectory) { Revision = Value(options, "Revision") ?? "", ModelRoots = context.ModelRoots };
        var directory = CheckpointLocator.Find(request)?.Directory;
        return new(item, name, target, directory is null ? null : context.FullPath(directory), options, context);
    }

    private static string? Value(IReadOnlyList<ModelOptionValue> options, string metadata) =>
        options.FirstOrDefault(option => option.Option.Metadata == metadata)?.Value;
}
