using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>The checksum by which the hub names a content: SHA-256 for large files, and for others git's SHA-1 of a header and the content.</summary>
internal sealed class BlobChecksum : IDisposable
{
    private readonly string _expected;
    private readonly IncrementalHash _hash;

    /// <summary>Starts a checksum.</summary>
    /// <param name="etag">The expected one, <see cref="IsKnown"/>.</param>
    /// <param name="size">The content's bytes.</param>
    public BlobChecksum(string etag, long size)
    {
        _expected = etag;
        _hash = IncrementalHash.CreateHash(etag.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (etag.Length == 40)
        {
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
        }
    }

    /// <summary>Whether an etag is a checksum that can be computed.</summary>
    public static bool IsKnown(string etag) => etag.Length is 40 or 64 && etag.All(char.IsAsciiHexDigitLower);

    /// <summary>Adds content.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether the content was the expected one; starts over.</summary>
    public bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _expected;

    public void Dispose() => _hash.Dispose();
}
