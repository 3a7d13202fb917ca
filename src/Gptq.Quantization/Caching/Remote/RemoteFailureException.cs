namespace Gptq.Quantization.Caching.Remote;

/// <summary>The remote cache did not do what was asked. It never leaves <see cref="RemoteCache"/>: a build goes on without it.</summary>
/// <param name="code">The diagnostic code of the warning.</param>
/// <param name="message">What the cache did.</param>
/// <param name="inner">What caused it.</param>
internal sealed class RemoteFailureException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public const string Unreachable = "GPTQ5110";
    public const string Unauthorized = "GPTQ5111";
    public const string Corrupt = "GPTQ5112";
    public const string UploadRefused = "GPTQ5113";

    public string Code { get; } = code;
}
