using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>
/// Reads the QuantizeModel items of a project: checks their metadata, names their results, and finds out which results still stand. Offline,
/// starts nothing, writes nothing: also runs in design-time builds.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class ResolveQuantizeModels : Task, IProjectParameters
{
    /// <summary>The QuantizeModel items.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The project's folder.</summary>
    [Required]
    public string ProjectDirectory { get; set; } = "";

    /// <summary>The folder of results, obj/gptq/.</summary>
    [Required]
    public string IntermediateDirectory { get; set; } = "";

    /// <summary>The engine, gptq.dll.</summary>
    [Required]
    public string Engine { get; set; } = "";

    /// <summary>Folders that hold checkpoints, separated by semicolons.</summary>
    public string? ModelRoots { get; set; }

    /// <summary>
    /// One item a model, named by its ModelName: the item's metadata and Checkpoint (what Include said), CheckpointDirectory (when it is on this
    /// machine), OutputDirectory, StateFile, TargetPath, Options, UpToDate, StaleBecause, DefinedIn, DefinedAtLine.
    /// </summary>
    [Output]
    public ITaskItem[] ResolvedModels { get; private set; } = [];

    /// <summary>The files that results depend on.</summary>
    [Output]
    public ITaskItem[] InputFiles { get; private set; } = [];

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, Resolve);

    private bool Resolve()
    {
        var context = this.ToContext();
        List<QuantizedModel> models = [];
        foreach (var item in Models)
        {
            WarnOfMisspellings(item);
            try
            {
                models.Add(QuantizedModel.From(item, context));
            }
            catch (MetadataException exception)
            {
                LogError(item, exception.Code, exception.Message);
            }
        }
        RefuseSharedFolders(models, "GPTQ1009", model => model.Name,
            name => $"Two models have the name '{name}'. Give one of them another ModelName, e.g. ModelName=\"{name}-2\".");
        RefuseSharedFolders(models, "GPTQ1010", model => model.TargetPath,
            path => $"Two models have the TargetPath '{path}', and their files would overwrite each other. Give one of them another.");
        if (Log.HasLoggedErrors) return false;

        List<ITaskItem> resolved = [];
        List<string> inputs = [];
        foreach (var model in models)
        {
            var state = ModelState.Read(model.StateFile);
            resolved.Add(Resolved(model, state, context));
            inputs.AddRange(ModelFingerprint.Files(model, state));
        }
        ResolvedModels = [.. resolved];
        InputFiles = [.. inputs.Distinct().Select(file => new TaskItem(Escape(file)))];
        return true;
    }

    private static TaskItem Resolved(QuantizedModel model, ModelState? state, ProjectContext context)
    {
        var item = model.ProjectItem;
        var resolved = new TaskItem(Escape(model.Name));
        item.CopyMetadataTo(resolved);
        var stale = state is null ? "there is no result yet" : state.WhyStale(ModelFingerprint.Of(model, state, context), model);
        resolved.SetMetadata("ModelName", Escape(model.Name));
        resolved.SetMetadata("Checkpoint", Escape(model.Include));
        resolved.SetMetadata("CheckpointDirectory", Escape(model.Directory ?? ""));
        resolved.SetMetadata("OutputDirectory", Escape(model.OutputDirectory));
        resolved.SetMetadata("StateFile", Escape(model.StateFile));
        resolved.SetMetadata("TargetPath", Escape(model.TargetPath));
        resolved.SetMetadata("Options", Escape(ModelFingerprint.OptionsOf(model)));
        resolved.SetMetadata("UpToDate", stale is null ? "true" : "false");
        resolved.SetMetadata("DefinedIn", Escape(item.GetMetadata("DefiningProjectFullPath")));
        if (stale is not null)
        {
            var location = ItemLocation.Of(item);
            resolved.SetMetadata("StaleBecause", Escape(stale));
            resolved.SetMetadata("DefinedAtLine", location.Line.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        return resolved;
    }

    private void RefuseSharedFolders(List<QuantizedModel> models, string code, Func<QuantizedModel, string> folder, Func<string, string> message)
    {
        // File systems that ignore letter case would mix Opt and opt.
        foreach (var group in models.GroupBy(folder, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
            LogError(group.Last().ProjectItem, code, message(folder(group.Last())));
    }

    private void WarnOfMisspellings(ITaskItem item)
    {
        foreach (var name in item.CloneCustomMetadata().Keys.Cast<string>().OrderBy(name => name, StringComparer.Ordinal))
        {
            if (MisspelledMetadata.Meant(name) is not { } meant) continue;
            var location = ItemLocation.Of(item);
            Log.LogWarning(null, "GPTQ1013", null, location.File, location.Line, location.Column, 0, 0,
                "QuantizeModel '{0}': there is no metadata '{1}', so it has no effect. Did you mean {2}?", item.ItemSpec, name, meant);
        }
    }

    private void LogError(ITaskItem item, string code, string message)
    {
        var location = ItemLocation.Of(item);
        Log.LogError(null, code, null, location.File, location.Line, location.Column, 0, 0, "QuantizeModel '{0}': {1}", item.ItemSpec, message);
    }

    private static string Escape(string text) => EscapedText.Of(text);
}
