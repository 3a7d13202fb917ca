using System.Security.Cryptography;
using System.Text;

namespace Gptq.Tests;

/// <summary>Test projects run side by side; those that build in the repository's own folders do so one after the other.</summary>
internal sealed class RepositoryLock : IDisposable
{
    private readonly Mutex _mutex;

    private RepositoryLock(Mutex mutex) => _mutex = mutex;

    /// <summary>Waits for its turn. To be disposed of by the same thread.</summary>
    public static RepositoryLock Take()
    {
        var mutex = new Mutex(false, "Global\\gptq-tests-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(TestPaths.RepositoryRoot)))[..16]);
        try
        {
            mutex.WaitOne();
        }
        catch (AbandonedMutexException)
        {
            // The process that had it was killed; it is ours now.
        }
        return new RepositoryLock(mutex);
    }

    public void Dispose()
    {
        _mutex.ReleaseMutex();
        _mutex.Dispose();
    }
}
