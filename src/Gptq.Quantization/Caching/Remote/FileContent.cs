using System.Net;

namespace Gptq.Quantization.Caching.Remote;

/// <summary>A file that is being sent, chunk by chunk.</summary>
/// <param name="path">The file.</param>
/// <param name="onSent">Called when a chunk has gone out.</param>
internal sealed class FileContent(string path, Action onSent) : HttpContent
{
    private const int ChunkBytes = 1 << 18;

    protected override bool TryComputeLength(out long length)
    {
        length = new FileInfo(path).Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.SequentialScan);
        var chunk = GC.AllocateUninitializedArray<byte>(ChunkBytes);
        int read;
        while ((read = await file.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0)
        {
            await stream.WriteAsync(chunk.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            onSent();
        }
    }
}
