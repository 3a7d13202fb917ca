using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Gptq.Quantization.Caching;

/// <summary>SHA-256 of streams of any length, in the spelling the cache uses: 64 lowercase hexadecimal digits.</summary>
internal static class Sha256Digest
{
    private const int ChunkBytes = 1 << 20;
    private const int HexDigits = 64;

    public static bool IsHex([NotNullWhen(true)] string? text) =>
        text is { Length: HexDigits } && text.All(char.IsAsciiHexDigitLower);

    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The digest of a file's content.</summary>
    /// <param name="path">The file.</param>
    /// <param name="progress">Told the number of bytes of each chunk that was read.</param>
    /// <param name="cancellationToken">Looked at once a chunk.</param>
    public static string OfFile(string path, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(file.Length, 1, ChunkBytes));
        int read;
        while ((read = file.Read(chunk)) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(chunk, 0, read);
            progress?.Report(read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
