namespace Gptq.Build.Tasks;

/// <summary>A lock between processes, and between the projects of one: an open file that nobody else can open.</summary>
internal static class FileLock
{
    private const int PollMilliseconds = 100;

    /// <summary>Waits for a lock; null when cancelled before it was free.</summary>
    /// <param name="path">The lock's file, made when it is missing and never deleted.</param>
    /// <param name="cancelled">Completes to stop waiting.</param>
    /// <param name="waiting">Called once, before the first wait.</param>
    public static FileStream? Acquire(string path, System.Threading.Tasks.Task cancelled, Action waiting)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var first = true; ; first = false)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (first) waiting();
                if (cancelled.Wait(PollMilliseconds)) return null;
            }
        }
    }
}
