using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>Refuses models of one name that mean different results in different target frameworks of a project.</summary>
[MSBuildMultiThreadableTask]
public sealed class RefuseDifferingModels : Task
{
    /// <summary>Items of <see cref="ResolveQuantizeModels.ResolvedModels"/> of all target frameworks.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (var models in Models.GroupBy(model => model.GetMetadata("ModelName"), StringComparer.OrdinalIgnoreCase))
        {
            var first = models.First();
            if (models.FirstOrDefault(model => model.GetMetadata("Options") != first.GetMetadata("Options")) is not { } other) continue;
            new ItemLog(Log, other).Error("GPTQ1021",
                $"target frameworks have different options for the model '{models.Key}' ({string.Join(", ", Differences(first, other))}), but they share its result. Give one of them another ModelName.");
        }
        return !Log.HasLoggedErrors;
    }

    private static IEnumerable<string> Differences(ITaskItem one, ITaskItem other)
    {
        var (first, second) = (one.GetMetadata("Options").Split('\n'), other.GetMetadata("Options").Split('\n'));
        return first.Except(second).Concat(second.Except(first)).Select(ModelFingerprint.OptionName).Distinct();
    }
}
