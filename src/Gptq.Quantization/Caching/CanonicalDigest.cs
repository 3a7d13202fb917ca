using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Gptq.Quantization.Caching;

/// <summary>
/// The digest of a sequence of fields. Each field is preceded by its length, so that no two different sequences give the same bytes
/// ("ab", "c" and "a", "bc" differ).
/// </summary>
internal sealed class CanonicalDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Starts a digest.</summary>
    /// <param name="purpose">What is digested, with the version of its layout: digests for different purposes never meet.</param>
    public CanonicalDigest(string purpose) => Append(purpose);

    public CanonicalDigest Append(string field)
    {
        var utf8 = Encoding.UTF8.GetBytes(field);
        Append(utf8.LongLength);
        _hash.AppendData(utf8);
        return this;
    }

    public CanonicalDigest Append(long field)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, field);
        _hash.AppendData(bytes);
        return this;
    }

    /// <summary>The digest of the fields so far, in hexadecimal.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
