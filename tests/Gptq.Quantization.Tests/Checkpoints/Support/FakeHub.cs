using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gptq.Quantization.Tests.Checkpoints.Support;

/// <summary>Two real servers on loopback: one that speaks the hub's paths, and one that stores large files, as the hub's redirects lead to.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Repository = "owner/model";
    public const string Commit = "00112233445566778899aabbccddeeff00112233";

    private readonly WebApplication _hub;
    private readonly WebApplication _store;

    private FakeHub()
    {
        _hub = Build(AnswerAsHubAsync);
        _store = Build(AnswerAsStoreAsync);
    }

    public Uri Endpoint => new(_hub.Urls.Single());

    /// <summary>The model's files by name.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Handles a request instead, when it returns true.</summary>
    public Func<HttpContext, Task<bool>> Intercept { get; set; } = _ => Task.FromResult(false);

    /// <summary>Everything that was asked for.</summary>
    public ConcurrentQueue<Request> Requests { get; } = [];

    public sealed record Request(string Method, string Path, bool AtStore, string Range, string Authorization);

    public static async Task<FakeHub> StartAsync()
    {
        var hub = new FakeHub();
        await hub._hub.StartAsync();
        await hub._store.StartAsync();
        return hub;
    }

    /// <summary>Requests for the content of a file, from wherever it comes.</summary>
    public IEnumerable<Request> Contents(string name)
        => Requests.Where(request => request.Method == "GET" && request.Path.EndsWith("/" + name, StringComparison.Ordinal) && (request.AtStore || !IsLarge(name)));

#pragma warning disable CA5350 // Git names contents by their SHA-1.
    public static string Etag(string name, byte[] content)
        => IsLarge(name)
            ? Convert.ToHexStringLower(SHA256.HashData(content))
            : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]));
#pragma warning restore CA5350

    /// <summary>Sends a file from where the request wants it, and cuts the connection after some bytes.</summary>
    public static async Task SendAsync(HttpContext context, byte[] content, int? cutAfter = null, bool ranges = true)
    {
        var from = 0;
        if (ranges && context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            context.Response.StatusCode = from < content.Length ? StatusCodes.Status206PartialContent : StatusCodes.Status416RangeNotSatisfiable;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.ContentLength = Math.Max(0, content.Length - from);
        if (context.Request.Method == "GET" && from < content.Length)
        {
            await context.Response.Body.WriteAsync(content.AsMemory(from, Math.Min(cutAfter ?? content.Length, content.Length - from)));
            await context.Response.Body.FlushAsync();
            if (cutAfter is not null)
            {
                context.Abort();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".bin", StringComparison.Ordinal);

    private static WebApplication Build(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        application.Run(answer);
        return application;
    }

    private async Task AnswerAsHubAsync(HttpContext context)
    {
        Log(context, atStore: false);
        if (await Intercept(context))
        {
            return;
        }

        var path = context.Request.Path.Value!;
        var resolve = $"/{Repository}/resolve/{Commit}/";
        if (path is $"/api/models/{Repository}/revision/main" or $"/api/models/{Repository}/revision/{Commit}")
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { sha = Commit, siblings = Files.Keys.Select(name => new { rfilename = name }) }));
        }
        else if (path.StartsWith("/api/models/", StringComparison.Ordinal))
        {
            Refuse(context, 404, path.StartsWith($"/api/models/{Repository}/", StringComparison.Ordinal) ? "RevisionNotFound" : "RepoNotFound");
        }
        else if (path.StartsWith(resolve, StringComparison.Ordinal) && Files.TryGetValue(path[resolve.Length..], out var content))
        {
            var name = path[resolve.Length..];
            context.Response.Headers["X-Repo-Commit"] = Commit;
            if (IsLarge(name))
            {
                context.Response.Headers["X-Linked-Etag"] = $"\"{Etag(name, content)}\"";
                context.Response.Headers["X-Linked-Size"] = content.Length.ToString(CultureInfo.InvariantCulture);
                context.Response.Redirect($"{_store.Urls.Single()}/store/{name}");
            }
            else
            {
                context.Response.Headers.ETag = $"W/\"{Etag(name, content)}\"";
                await SendAsync(context, content);
            }
        }
        else
        {
            Refuse(context, 404, "EntryNotFound");
        }
    }

    private async Task AnswerAsStoreAsync(HttpContext context)
    {
        Log(context, atStore: true);
        if (!await Intercept(context))
        {
            await SendAsync(context, Files[context.Request.Path.Value!["/store/".Length..]]);
        }
    }

    public static void Refuse(HttpContext context, int status, string? code = null)
    {
        context.Response.StatusCode = status;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
        }
    }

    private void Log(HttpContext context, bool atStore)
        => Requests.Enqueue(new Request(
            context.Request.Method, context.Request.Path.Value!, atStore, context.Request.Headers.Range.ToString(), context.Request.Headers.Authorization.ToString()));
}
