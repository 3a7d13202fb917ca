using System.Net.Http.Headers;
using System.Text;

namespace Gptq.Quantization.Caching.Remote;

/// <summary>Where the cache that a team shares is, and how to talk to it. Credentials stay inside: nothing here prints them.</summary>
public sealed class RemoteCacheOptions
{
    /// <summary>The environment variable that names the remote cache, spelled as the MSBuild property, so that setting it serves both.</summary>
    public const string UrlVariable = "GptqRemoteCache";

    /// <summary>The environment variable of a bearer token.</summary>
    public const string TokenVariable = "GPTQ_REMOTE_CACHE_TOKEN";

    /// <summary>The environment variable with the user of basic authentication, for an address that names none.</summary>
    public const string UserVariable = "GPTQ_REMOTE_CACHE_USER";

    /// <summary>The environment variable with the password of <see cref="UserVariable"/>.</summary>
    public const string PasswordVariable = "GPTQ_REMOTE_CACHE_PASSWORD";

    /// <summary>The environment variable that, set to true, keeps this machine from putting results there.</summary>
    public const string ReadOnlyVariable = "GptqRemoteCacheReadOnly";

    private RemoteCacheOptions(Uri url, AuthenticationHeaderValue? authorization) => (Url, Authorization) = (url, authorization);

    /// <summary>Results are taken from the cache, but none are put there.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How long to wait for a connection.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a transfer may stand still, or an answer take. A transfer that moves may last as long as it needs.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The address without credentials and query: what may be printed.</summary>
    public string DisplayUrl => Url.GetLeftPart(UriPartial.Path);

    internal Uri Url { get; }

    internal AuthenticationHeaderValue? Authorization { get; }

    /// <summary>Reads address and credentials.</summary>
    /// <param name="url">
    /// http or https, with <c>user:password@</c> for basic authentication; null or empty: the environment variable <see cref="UrlVariable"/>.
    /// </param>
    /// <param name="readOnly">Whether to put nothing there; also when the environment variable <see cref="ReadOnlyVariable"/> is true.</param>
    /// <returns>Null when no remote cache is named.</returns>
    /// <exception cref="GptqException">GPTQ5114: the address is no http or https URL.</exception>
    public static RemoteCacheOptions? Create(string? url, bool readOnly = false) => Create(url, readOnly, Environment.GetEnvironmentVariable);

    internal static RemoteCacheOptions? Create(string? url, bool readOnly, Func<string, string?> environment)
    {
        var text = string.IsNullOrWhiteSpace(url) ? environment(UrlVariable) : url;
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
        {
            // The text is not repeated: it may hold a password.
            throw new GptqException(
                "GPTQ5114", "The address of the remote cache is no http:// or https:// URL. Correct the property GptqRemoteCache, or leave it empty.");
        }
        var bare = new UriBuilder(address) { UserName = "", Password = "", Fragment = "" }.Uri;
        var frozen = string.Equals(environment(ReadOnlyVariable)?.Trim(), "true", StringComparison.OrdinalIgnoreCase);
        return new(bare, AuthorizationOf(address, environment)) { ReadOnly = readOnly || frozen };
    }

    /// <summary>The address of something in the cache; a query of the base address is kept.</summary>
    internal Uri At(string kind, string name) =>
        new UriBuilder(Url) { Path = $"{Url.AbsolutePath.TrimEnd('/')}/{kind}/{name}" }.Uri;

    private static AuthenticationHeaderValue? AuthorizationOf(Uri address, Func<string, string?> environment)
    {
        if (address.UserInfo.Length > 0)
        {
            var userAndPassword = Uri.UnescapeDataString(address.UserInfo);
            return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(userAndPassword)));
        }
        if (environment(UserVariable) is { Length: > 0 } user)
            return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{environment(PasswordVariable)}")));
        return environment(TokenVariable)?.Trim() is { Length: > 0 } token ? new("Bearer", token) : null;
    }
}
