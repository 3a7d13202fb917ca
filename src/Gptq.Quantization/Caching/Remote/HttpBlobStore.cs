using System.Net;

namespace Gptq.Quantization.Caching.Remote;

/// <summary>GET, HEAD and PUT of bytes by name, the way of Bazel's HTTP cache: /ac/key for results, /cas/sha256 for blobs.</summary>
internal sealed class HttpBlobStore : IDisposable
{
    private const int ChunkBytes = 1 << 18;

    private readonly RemoteCacheOptions _options;
    private readonly HttpClient _client;

    public HttpBlobStore(RemoteCacheOptions options)
    {
        _options = options;
        var handler = new SocketsHttpHandler { ConnectTimeout = options.ConnectTimeout, AutomaticDecompression = DecompressionMethods.None };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new("gptq", typeof(HttpBlobStore).Assembly.GetName().Version?.ToString(3)));
    }

    /// <summary>Reads something small.</summary>
    /// <returns>Null when it is not there.</returns>
    public async Task<byte[]?> TryGetSmallAsync(string kind, string name, int largest, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        return await TryGetAsync(kind, name, largest, content, cancellationToken).ConfigureAwait(false) ? content.ToArray() : null;
    }

    /// <summary>Reads a blob into a new file and checks every byte of it.</summary>
    /// <returns>False when it is not there; the file is of no use then.</returns>
    public async Task<bool> TryGetBlobAsync(string sha256, long size, string path, CancellationToken cancellationToken)
    {
        var (gotSize, gotSha256) = (-1L, "");
        using (var file = new HashingWriteStream(path, (length, digest) => (gotSize, gotSha256) = (length, digest)))
        {
            if (!await TryGetAsync("cas", sha256, size, file, cancellationToken).ConfigureAwait(false))
                return false;
        }
        RequireDigest(sha256, size, gotSha256, gotSize);
        return true;
    }

    /// <summary>Reads a small blob and checks every byte of it.</summary>
    /// <returns>Null when it is not there.</returns>
    public async Task<byte[]?> TryGetSmallBlobAsync(string sha256, long size, CancellationToken cancellationToken)
    {
        var bytes = await TryGetSmallAsync("cas", sha256, (int)size, cancellationToken).ConfigureAwait(false);
        if (bytes is not null)
            RequireDigest(sha256, size, Sha256Digest.Of(bytes), bytes.Length);
        return bytes;
    }

    public async Task<bool> HasBlobAsync(string sha256, long size, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_options.StallTimeout, cancellationToken);
        using var response = await SendAsync(new(HttpMethod.Head, _options.At("cas", sha256)), guard).ConfigureAwait(false);
        return response.IsSuccessStatusCode && (response.Content.Headers.ContentLength ?? size) == size;
    }

    public async Task PutFileAsync(string sha256, string path, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_options.StallTimeout, cancellationToken);
        using var content = new FileContent(path, guard.Alive);
        await PutAsync("cas", sha256, content, guard).ConfigureAwait(false);
    }

    public async Task PutSmallAsync(string kind, string name, byte[] bytes, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_options.StallTimeout, cancellationToken);
        using var content = new ByteArrayContent(bytes);
        await PutAsync(kind, name, content, guard).ConfigureAwait(false);
    }

    public void Dispose() => _client.Dispose();

    private static void RequireDigest(string sha256, long size, string gotSha256, long gotSize)
    {
        if (gotSize != size || gotSha256 != sha256)
            throw new RemoteFailureException(RemoteFailureException.Corrupt, $"the blob {sha256} has another digest");
    }

    private async Task<bool> TryGetAsync(string kind, string name, long largest, Stream destination, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_options.StallTimeout, cancellationToken);
        using var response = await SendAsync(new(HttpMethod.Get, _options.At(kind, name)), guard).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return false;
        if (!response.IsSuccessStatusCode)
            throw Failed(response, "GET");
        using var body = await guard.RunAsync(response.Content.ReadAsStreamAsync).ConfigureAwait(false);
        var chunk = GC.AllocateUninitializedArray<byte>(ChunkBytes);
        int read;
        for (var total = 0L; (read = await guard.RunAsync(token => body.ReadAsync(chunk, token).AsTask()).ConfigureAwait(false)) > 0;)
        {
            if ((total += read) > largest)
                throw new RemoteFailureException(RemoteFailureException.Corrupt, $"/{kind}/{name} is larger than it can be");
            destination.Write(chunk, 0, read);
        }
        return true;
    }

    private async Task PutAsync(string kind, string name, HttpContent content, StallGuard guard)
    {
        using var response = await SendAsync(new(HttpMethod.Put, _options.At(kind, name)) { Content = content }, guard).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw Failed(response, "PUT");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, StallGuard guard)
    {
        using (request)
        {
            // On the request, not on the client: a redirect to another host drops it then.
            request.Headers.Authorization = _options.Authorization;
            // A server that refuses says so before gigabytes went out.
            request.Headers.ExpectContinue = request.Content is FileContent;
            return await guard.RunAsync(token => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token)).ConfigureAwait(false);
        }
    }

    private static RemoteFailureException Failed(HttpResponseMessage response, string method)
    {
        var code = (int)response.StatusCode switch
        {
            401 or 403 or 407 => RemoteFailureException.Unauthorized,
            >= 400 and < 500 when method == "PUT" => RemoteFailureException.UploadRefused,
            _ => RemoteFailureException.Unreachable,
        };
        return new(code, $"{method} was answered with {(int)response.StatusCode} {response.ReasonPhrase}");
    }
}
