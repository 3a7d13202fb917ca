using System.Net;
using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Brings files of one commit into the cache.</summary>
internal sealed class HubTransfer(HubConnection connection, HubOptions options, string repository, string commit, ProgressCounter progress)
{
    private const int BufferLength = 1 << 20;

    private readonly HubCache _cache = new(options.CacheDirectory);

    /// <summary>The folder of the commit's files.</summary>
    public string Snapshot { get; } = new HubCache(options.CacheDirectory).Snapshot(repository, commit);

    /// <summary>Asks for a file's checksum and size.</summary>
    public Task<HubFile> DescribeAsync(string name, CancellationToken cancellation)
        => connection.RetryAsync(
            name,
            async token =>
            {
                // Large files are redirected to another host; it is the redirect that carries the checksum.
                using var response = await connection.SendAsync(HttpMethod.Head, Address(name), 0, answer => Header(answer, "X-Linked-Etag") is not null, name, token)
                    .ConfigureAwait(false);
                var etag = (Header(response, "X-Linked-Etag") ?? Header(response, "ETag") ?? "").Replace("W/", "", StringComparison.Ordinal).Trim('"');
                var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked) ? linked : response.Content.Headers.ContentLength ?? -1;
                return BlobChecksum.IsKnown(etag) && size >= 0
                    ? new HubFile(name, etag, size)
                    : throw connection.Errors.Unusable($"it gives no checksum or size for {name}");
            },
            () => 0,
            cancellation);

    /// <summary>Whether a file is in the snapshot already.</summary>
    public bool IsHere(HubFile file)
    {
        try
        {
            using var handle = File.OpenHandle(Path.Combine(Snapshot, file.Name));
            return RandomAccess.GetLength(handle) == file.Size;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Brings a file into the snapshot, unless it is there.</summary>
    public async Task FetchAsync(HubFile file, CancellationToken cancellation)
    {
        using var held = await BlobLock.AcquireAsync(_cache.Lock(repository, file.Etag), cancellation).ConfigureAwait(false);
        if (!IsHere(file))
        {
            var blob = _cache.Blob(repository, file.Etag);
            if (!File.Exists(blob))
            {
                await DownloadAsync(file, blob, cancellation).ConfigureAwait(false);
            }

            Link(file, blob);
        }

        progress.Set(file, file.Size);
    }

    private async Task DownloadAsync(HubFile file, string blob, CancellationToken cancellation)
    {
        var partial = await PartialBlob.OpenAsync(blob + ".incomplete", file, cancellation).ConfigureAwait(false);
        await using (partial.ConfigureAwait(false))
        {
            // What an earlier download left may be wrong, or a connection may garble bytes; a second time means that the server is wrong.
            for (var mismatches = 0; ; mismatches++)
            {
                await ReceiveAllAsync(file, partial, cancellation).ConfigureAwait(false);
                if (partial.Verify())
                {
                    break;
                }

                if (mismatches > 0)
                {
                    throw connection.Errors.WrongChecksum(file.Name);
                }
            }

            await partial.CompleteAsync(blob).ConfigureAwait(false);
        }
    }

    private async Task ReceiveAllAsync(HubFile file, PartialBlob partial, CancellationToken cancellation)
    {
        while (partial.Length < file.Size)
        {
            await connection.RetryAsync(file.Name, token => ReceiveAsync(file, partial, token), () => partial.Length, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<long> ReceiveAsync(HubFile file, PartialBlob partial, CancellationToken cancellation)
    {
        using var response = await connection.SendAsync(HttpMethod.Get, Address(file.Name), partial.Length, null, file.Name, cancellation).ConfigureAwait(false);
        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable
            || (response.StatusCode == HttpStatusCode.PartialContent && (range?.From != partial.Length || (range.Length ?? file.Size) != file.Size)))
        {
            partial.Clear();
            throw new HubInterruption("it sends another range than the one that is missing");
        }

        if (response.StatusCode == HttpStatusCode.OK && partial.Length > 0)
        {
            // The server knows no ranges.
            partial.Clear();
        }

        var body = await connection.StepAsync(response.Content.ReadAsStreamAsync, cancellation).ConfigureAwait(false);
        var buffer = new byte[BufferLength];
        for (int read; (read = await connection.StepAsync(step => body.ReadAsync(buffer, step).AsTask(), cancellation).ConfigureAwait(false)) > 0;)
        {
            if (read > file.Size - partial.Length)
            {
                partial.Clear();
                throw new HubInterruption($"it sends more than the {file.Size} bytes of {file.Name}");
            }

            await partial.AppendAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress.Set(file, partial.Length);
        }

        if (partial.Length < file.Size)
        {
            throw new HubInterruption($"the connection ended after {partial.Length} of {file.Size} bytes");
        }

        return partial.Length;
    }

    private void Link(HubFile file, string blob)
    {
        var path = Path.Combine(Snapshot, file.Name);
        try
        {
            Directory.CreateDirectory(Snapshot);

            // What may be there is a link whose blob was deleted.
            File.Delete(path);
            try
            {
                options.Link(path, Path.Combine("..", "..", "blobs", file.Etag));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
            {
                // Windows gives links only to some; like Hugging Face's tools then, the file itself stands in the snapshot.
                File.Move(blob, path, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, path);
        }
    }

    private Uri Address(string name) => connection.Address($"{repository}/resolve/{commit}/{Uri.EscapeDataString(name)}");

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
