using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>Deletes folders of results, and the folders below the output that deleting their files has left empty.</summary>
[MSBuildMultiThreadableTask]
public sealed class DeleteQuantizedModels : Task
{
    /// <summary>Folders to delete with all they hold.</summary>
    public string[] Directories { get; set; } = [];

    /// <summary>Folders to delete as far as they hold no file.</summary>
    public string[] EmptyDirectories { get; set; } = [];

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, Delete);

    private bool Delete()
    {
        foreach (var directory in Directories) ResultFolder.Delete(directory);
        foreach (var directory in EmptyDirectories) ResultFolder.DeleteEmpty(directory);
        return true;
    }
}
