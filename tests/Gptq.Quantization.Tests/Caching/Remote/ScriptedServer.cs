using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gptq.Quantization.Tests.Caching.Remote;

/// <summary>What the server does with a request.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">What it sends.</param>
/// <param name="ClaimedLength">The Content-Length it sends; null: the true one; -1: none.</param>
/// <param name="HangsBefore">Sends nothing at all.</param>
/// <param name="HangsAfter">Sends the body and then keeps the connection open.</param>
/// <param name="Location">Where it redirects to.</param>
internal sealed record Answer(
    int Status, byte[]? Body = null, long? ClaimedLength = null, bool HangsBefore = false, bool HangsAfter = false, string? Location = null);

/// <summary>A request with its body.</summary>
internal sealed record Request(string Method, string Path, string? Authorization, byte[] Body);

/// <summary>A server that answers as the test says, down to lengths that are lies and answers that never come.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Request, Answer> _script;

    public ScriptedServer(Func<Request, Answer> script)
    {
        _script = script;
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>What was asked, in order.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<Request> Requests { get; } = [];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The client went away.
            }
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        var head = await ReadHeadAsync(stream);
        var lines = head.Split("\r\n");
        string? Header(string name) => lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
        if (Header("Expect") is not null)
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
        var body = new byte[int.Parse(Header("Content-Length") ?? "0", null)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        var words = lines[0].Split(' ');
        var request = new Request(words[0], words[1], Header("Authorization"), body);
        Requests.Enqueue(request);
        var answer = _script(request);
        if (answer.HangsBefore)
            await Task.Delay(Timeout.Infinite, _stop.Token);

        var content = answer.Body ?? [];
        var length = answer.ClaimedLength == -1 ? "" : $"Content-Length: {answer.ClaimedLength ?? content.Length}\r\n";
        var location = answer.Location is null ? "" : $"Location: {answer.Location}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer.Status} Scripted\r\n{length}{location}Connection: close\r\n\r\n"), _stop.Token);
        if (request.Method != "HEAD")
            await stream.WriteAsync(content, _stop.Token);
        if (answer.HangsAfter)
            await Task.Delay(Timeout.Infinite, _stop.Token);
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _stop.Token);
            head.Append((char)one[0]);
        }
        return head.ToString();
    }
}
