using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace Gptq.Build.Tasks;

/// <summary>Lasts as long as a step of the engine, so that the terminal logger shows it: until nobody holds a file any more.</summary>
[MSBuildMultiThreadableTask]
public sealed class WaitForStep : Task, ICancelableTask
{
    private readonly TaskCompletionSource<bool> _cancelled = new();

    /// <summary>The file that is held during the step.</summary>
    [Required]
    public string LockFile { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        if (!File.Exists(LockFile)) return true;
        var engine = BuildEngine as IBuildEngine3;
        // Other projects of the build can have the node meanwhile.
        engine?.Yield();
        try
        {
            FileLock.Acquire(LockFile, _cancelled.Task, () => { })?.Dispose();
        }
        finally
        {
            engine?.Reacquire();
        }
        return true;
    }

    /// <inheritdoc/>
    public void Cancel() => _cancelled.TrySetResult(true);
}
