namespace Gptq.Quantization.Caching;

/// <summary>
/// An exclusive lock between processes (and between threads of one). The system lets go of it when its process dies, however it dies.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file; made when it is not there, and left there.</param>
    /// <param name="onWaiting">Called once, when somebody else holds the lock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<FileLock> AcquireAsync(string path, Action? onWaiting, CancellationToken cancellationToken)
    {
        // Neither flock nor Windows can wait for a lock and for a cancellation at once, hence the pauses.
        for (var pause = FirstPause; ; pause = Min(pause * 2, LongestPause))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryAcquire(path) is { } held)
                return held;
            onWaiting?.Invoke();
            onWaiting = null;
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock if it is free.</summary>
    /// <returns>The lock, or null when somebody holds it.</returns>
    public static FileLock? TryAcquire(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (IOException exception) when (IsHeldByAnother(exception))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK is 11 on Linux and 35 on macOS; ERROR_SHARING_VIOLATION is 32 on Windows.
    private static bool IsHeldByAnother(IOException exception) => OperatingSystem.IsWindows()
        ? exception.HResult == unchecked((int)0x80070020)
        : exception.HResult == (OperatingSystem.IsLinux() ? 11 : 35);

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
