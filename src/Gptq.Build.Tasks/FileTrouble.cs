using Microsoft.Build.Utilities;

namespace Gptq.Build.Tasks;

/// <summary>What every task does when the file system refuses: a coded error in place of a stack trace.</summary>
internal static class FileTrouble
{
    /// <summary>Does the work of a task.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="work">The work; false when it has reported errors itself.</param>
    public static bool Report(TaskLoggingHelper log, Func<bool> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log.LogError(null, "GPTQ1020", null, null, 0, 0, 0, 0, "A file can not be read or written: {0}", exception.Message);
            return false;
        }
    }
}
