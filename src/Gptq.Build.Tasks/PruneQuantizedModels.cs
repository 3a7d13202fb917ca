using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>
/// Deletes results whose item is gone. Target frameworks and configurations share the results but may have different items, so each leaves a
/// list of the models that it uses, and only what is on no list goes.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class PruneQuantizedModels : Task
{
    private static readonly string[] s_suffixes = [".state", ".manifest.json", ".rsp", ".lock", ".report.html"];

    /// <summary>Names of the models that this build uses.</summary>
    [Required]
    public string[] Models { get; set; } = [];

    /// <summary>The folder of results, obj/gptq/.</summary>
    [Required]
    public string IntermediateDirectory { get; set; } = "";

    /// <summary>What tells this build from others of the same project, e.g. Debug-net10.0.</summary>
    [Required]
    public string Flavor { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, Prune);

    private bool Prune()
    {
        var lists = Path.Combine(IntermediateDirectory, ".used");
        var list = Path.Combine(lists, Flavor + ".txt");
        var names = Models.OrderBy(name => name, StringComparer.Ordinal).ToArray();
        if (File.Exists(list) ? File.ReadAllLines(list).SequenceEqual(names) : names.Length == 0) return true;

        Directory.CreateDirectory(lists);
        AtomicFile.Write(list, string.Concat(names.Select(name => name + "\n")));
        var used = new HashSet<string>(Directory.GetFiles(lists, "*.txt").SelectMany(File.ReadAllLines), StringComparer.OrdinalIgnoreCase);
        foreach (var state in Directory.GetFiles(IntermediateDirectory, "*.state"))
        {
            var name = Path.GetFileNameWithoutExtension(state);
            if (used.Contains(name)) continue;
            // The state goes first: a result without one counts as none.
            foreach (var suffix in s_suffixes) File.Delete(Path.Combine(IntermediateDirectory, name + suffix));
            ResultFolder.Delete(Path.Combine(IntermediateDirectory, name));
            Log.LogMessage(MessageImportance.Normal, "{0}: removed, no item names it any more.", name);
        }
        return true;
    }
}
