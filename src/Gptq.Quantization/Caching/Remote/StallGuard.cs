namespace Gptq.Quantization.Caching.Remote;

/// <summary>Cancels an exchange that stands still for too long; every sign of life starts the time anew.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _user;
    private readonly TimeSpan _limit;

    public StallGuard(TimeSpan limit, CancellationToken user)
    {
        (_limit, _user) = (limit, user);
        _source = CancellationTokenSource.CreateLinkedTokenSource(user);
        Alive();
    }

    public CancellationToken Token => _source.Token;

    public void Alive() => _source.CancelAfter(_limit);

    /// <summary>Runs a step of the exchange; failures of the network come out as <see cref="RemoteFailureException"/>.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> step)
    {
        try
        {
            var result = await step(Token).ConfigureAwait(false);
            Alive();
            return result;
        }
        catch (OperationCanceledException exception) when (!_user.IsCancellationRequested)
        {
            throw new RemoteFailureException(
                RemoteFailureException.Unreachable, string.Create(null, $"no byte moved for {_limit.TotalSeconds:0.#} seconds"), exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new RemoteFailureException(RemoteFailureException.Unreachable, (exception.InnerException ?? exception).Message.TrimEnd('.'), exception);
        }
    }

    public void Dispose() => _source.Dispose();
}
