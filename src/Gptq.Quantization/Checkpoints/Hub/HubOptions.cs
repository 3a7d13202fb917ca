using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>How to reach the hub, and where to keep what it sends.</summary>
public sealed record HubOptions
{
    private static readonly string[] True = ["1", "ON", "YES", "TRUE"];

    /// <summary>The hub or a mirror of it; HF_ENDPOINT.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The access token for private and gated models, sent to <see cref="Endpoint"/> alone; HF_TOKEN, or what `hf auth login` saved.</summary>
    public string? Token { get; init; }

    /// <summary>The root of the cache; HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Whether nothing may be asked of the network; HF_HUB_OFFLINE.</summary>
    public bool Offline { get; init; }

    /// <summary>Files that are downloaded at once.</summary>
    public int ParallelFiles { get; init; } = 4;

    /// <summary>How often a request that brings nothing is tried in all.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The time before the second attempt; it doubles with each further one. A Retry-After header is obeyed instead.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a connection may bring nothing before it counts as cut.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Waits between attempts.</summary>
    internal Func<TimeSpan, CancellationToken, Task> Wait { get; init; } = Task.Delay;

    /// <summary>Makes a symbolic link (path, target).</summary>
    internal Action<string, string> Link { get; init; } = (path, target) => File.CreateSymbolicLink(path, target);

    /// <summary>The options that the environment variables of Hugging Face tools ask for.</summary>
    /// <param name="environment">Reads environment variables; this process's own when null.</param>
    /// <exception cref="GptqException">GPTQ2412: HF_ENDPOINT is no address.</exception>
    public static HubOptions FromEnvironment(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        var options = new HubOptions
        {
            CacheDirectory = HubCache.FromEnvironment(environment).Root,
            Token = ReadToken(environment),
            Offline = True.Contains(environment("HF_HUB_OFFLINE")?.Trim(), StringComparer.OrdinalIgnoreCase),
        };
        return environment("HF_ENDPOINT") is { Length: > 0 } endpoint ? options with { Endpoint = ParseEndpoint(endpoint) } : options;
    }

    /// <summary>Where from and where to; the token is nobody's business.</summary>
    public override string ToString() => $"{Endpoint} to {CacheDirectory}";

    private static Uri ParseEndpoint(string text)
        => Uri.TryCreate(text.Trim().TrimEnd('/'), UriKind.Absolute, out var endpoint) && endpoint.Scheme is "https" or "http"
            ? endpoint
            : throw new GptqException("GPTQ2412", $"HF_ENDPOINT is '{text}', which is no address. Set it to something like https://huggingface.co, or unset it.");

    private static string? ReadToken(Func<string, string?> environment)
    {
        if (environment("HF_TOKEN") is { } token && token.Trim().Length > 0)
        {
            return token.Trim();
        }

        var file = environment("HF_TOKEN_PATH") is { Length: > 0 } path ? path : Path.Combine(HubCache.Home(environment), "token");
        try
        {
            return File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } saved ? saved : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
