using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>Writes the source of the class QuantizedModels, when it differs from what is there.</summary>
[MSBuildMultiThreadableTask]
public sealed class GenerateModelAccessors : Task
{
    /// <summary>Items of <see cref="ResolveQuantizeModels.ResolvedModels"/>.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The file to write, an absolute path.</summary>
    [Required]
    public string OutputFile { get; set; } = "";

    /// <summary>The namespace of the class.</summary>
    public string? RootNamespace { get; set; }

    /// <summary>Whether the project references Gptq.Runtime, so that there can be an Open().</summary>
    public bool HasRuntime { get; set; }

    /// <summary>The project's ImplicitUsings: with them the class needs no using directive.</summary>
    public string? ImplicitUsings { get; set; }

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, Generate);

    private bool Generate()
    {
        var models = Models.Select(model => new ModelAccessor(model.GetMetadata("ModelName"), model.GetMetadata("TargetPath"), Bits(model))).ToArray();
        foreach (var clash in models.GroupBy(model => model.Class).Where(group => group.Count() > 1))
        {
            var item = Models.Last(model => model.GetMetadata("ModelName") == clash.Last().Name);
            var names = string.Join(" and ", clash.Select(model => $"'{model.Name}'"));
            new ItemLog(Log, item).Error("GPTQ1018", $"the models {names} would both be QuantizedModels.{clash.Key} in code. Give one of them another ModelName, or set GptqGenerateAccessors to false.");
        }
        if (Log.HasLoggedErrors) return false;
        var source = AccessorSource.Of(RootNamespace ?? "", models, HasRuntime, ImplicitUsings?.ToLowerInvariant() is "enable" or "true");
        if (File.Exists(OutputFile) && File.ReadAllText(OutputFile) == source) return true;
        Directory.CreateDirectory(Path.GetDirectoryName(OutputFile)!);
        File.WriteAllText(OutputFile, source);
        return true;
    }

    private static string Bits(ITaskItem model) =>
        model.GetMetadata("TargetBitsPerWeight") is { Length: > 0 } target ? target : model.GetMetadata("Bits");
}
