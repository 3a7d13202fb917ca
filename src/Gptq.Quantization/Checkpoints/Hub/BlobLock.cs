namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Keeps other processes from writing the same blob: an exclusively opened file, as Hugging Face's own tools lock it. It falls with the process.</summary>
internal sealed class BlobLock : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly FileStream _stream;

    private BlobLock(FileStream stream) => _stream = stream;

    /// <summary>Waits until nobody else holds the lock.</summary>
    public static async Task<BlobLock> AcquireAsync(string path, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                return new BlobLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException e) when (CacheErrors.IsHeld(e))
            {
                await Task.Delay(Poll, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw CacheErrors.From(e, path);
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
