using System.Security.Cryptography;
using System.Text;

namespace Gptq.Tests;

/// <summary>Test projects run side by side; those that build in the repository's own folders do so one after the other.</summary>
internal sealed class RepositoryLock : IDisposable
{
    private readonly ManualResetEventSlim _done = new();
    private readonly TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _holder;

    private RepositoryLock()
    {
        // A mutex belongs to a thread, which an async method does not keep.
        _holder = new Thread(Hold) { IsBackground = true, Name = nameof(RepositoryLock) };
        _holder.Start();
    }

    /// <summary>Waits for its turn.</summary>
    public static async Task<RepositoryLock> TakeAsync()
    {
        var turn = new RepositoryLock();
        await turn._taken.Task;
        return turn;
    }

    public void Dispose()
    {
        _done.Set();
        _holder.Join();
        _done.Dispose();
    }

    private void Hold()
    {
        using var mutex = new Mutex(false, "Global\\gptq-tests-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(TestPaths.RepositoryRoot)))[..16]);
        try
        {
            mutex.WaitOne();
        }
        catch (AbandonedMutexException)
        {
            // The process that had it was killed; it is ours now.
        }
        _taken.SetResult();
        _done.Wait();
        mutex.ReleaseMutex();
    }
}
