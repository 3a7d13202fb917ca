using System.Net;
using System.Net.Http.Headers;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Requests to the hub: redirects, the token, and another attempt after what may pass.</summary>
internal sealed class HubConnection : IDisposable
{
    private const int MaxRedirects = 10;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(5);

    private readonly HubOptions _options;
    private readonly HttpClient _client;

    public HubConnection(HubOptions options, HubErrors errors)
    {
        _options = options;
        Errors = errors;
        if (options.Token is { } token && !token.All(c => c is > ' ' and <= '~'))
        {
            throw new GptqException("GPTQ2404", "HF_TOKEN is no token: it has blanks or characters that no token has. Set it to what the hub shows, hf_ and letters.");
        }

        // Redirects are followed by hand: the token must not follow them to another host.
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = options.StallTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
        _client.Timeout = Timeout.InfiniteTimeSpan;
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("gptq-build", typeof(HubConnection).Assembly.GetName().Version?.ToString(3)));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public HubErrors Errors { get; }

    /// <summary>An address below the endpoint.</summary>
    public Uri Address(string path) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    /// <summary>Runs an attempt until it succeeds, fails for good, or has failed too often without bringing anything.</summary>
    /// <param name="what">What is wanted, for the message.</param>
    /// <param name="attempt">One attempt.</param>
    /// <param name="progress">A number that grows when an attempt brings something, even when it fails then.</param>
    /// <param name="cancellation">Ends waiting as well.</param>
    /// <exception cref="GptqException">GPTQ2406: too many attempts failed.</exception>
    public async Task<T> RetryAsync<T>(string what, Func<CancellationToken, Task<T>> attempt, Func<long> progress, CancellationToken cancellation)
    {
        for (var failures = 0; ;)
        {
            var before = progress();
            try
            {
                return await attempt(cancellation).ConfigureAwait(false);
            }
            catch (HubInterruption interruption)
            {
                failures = progress() > before ? 1 : failures + 1;
                if (failures >= _options.Attempts)
                {
                    throw Errors.Unreachable(what, interruption);
                }

                await _options.Wait(Delay(failures, interruption.RetryAfter), cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sends a request, and follows redirects until one carries what is wanted.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">Where to.</param>
    /// <param name="from">The first byte wanted.</param>
    /// <param name="isWanted">Whether a redirect is the answer itself: those to large files carry the checksum.</param>
    /// <param name="what">What is wanted, for messages.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HubInterruption">It may work later.</exception>
    /// <exception cref="GptqException">GPTQ2403, 2404, 2405, 2410: the hub refuses.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri address, long from, Func<HttpResponseMessage, bool>? isWanted, string what, CancellationToken cancellation)
    {
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOnceAsync(method, address, from, cancellation).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            if (status is 200 or 206 || (from > 0 && status == 416) || isWanted?.Invoke(response) == true)
            {
                return response;
            }

            using (response)
            {
                if (status is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                {
                    throw Failure(response, what);
                }

                var next = new Uri(address, location);
                if (redirects == MaxRedirects || next.Scheme is not ("https" or "http") || (address.Scheme == "https" && next.Scheme != "https"))
                {
                    throw Errors.Unusable($"it redirects {what} to {next.GetLeftPart(UriPartial.Authority)}, {redirects + 1} times or without encryption");
                }

                address = next;
            }
        }
    }

    /// <summary>Runs one step on the network, which counts as cut when it takes too long.</summary>
    public async Task<T> StepAsync<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            return await step(stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HubInterruption($"nothing came for {_options.StallTimeout.TotalSeconds:0} s", null, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HubInterruption(e.Message.TrimEnd('.'), null, e);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
        }

        if (_options.Token is not null && Uri.Compare(address, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        }

        return await StepAsync(token => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation).ConfigureAwait(false);
    }

    private Exception Failure(HttpResponseMessage response, string what)
    {
        if (response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
        {
            var retry = response.Headers.RetryAfter;
            return new HubInterruption(
                $"it answers {(int)response.StatusCode} {response.ReasonPhrase}", retry?.Delta ?? (retry?.Date is { } date ? date - DateTimeOffset.UtcNow : null));
        }

        return Errors.Refused(response, what);
    }

    private TimeSpan Delay(int failures, TimeSpan? retryAfter)
    {
        if (retryAfter is { } wanted)
        {
            return wanted < TimeSpan.Zero ? TimeSpan.Zero : wanted < MaxRetryAfter ? wanted : MaxRetryAfter;
        }

        // Some chance, so that machines that were cut off together do not come back together.
        var delay = _options.RetryDelay * Math.Pow(2, failures - 1) * (1 + (Random.Shared.NextDouble() / 4));
        return delay < MaxDelay ? delay : MaxDelay;
    }
}
