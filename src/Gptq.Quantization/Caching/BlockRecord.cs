using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gptq.Quantization.Caching;

/// <summary>A blob of a finished block.</summary>
/// <param name="Name">The engine's name for it; never used as a path.</param>
/// <param name="File">The name of its file in the block's folder.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">64 lowercase hexadecimal digits.</param>
/// <param name="Carried">Needed only until the next block is finished.</param>
internal sealed record BlockBlob(string Name, string File, long Size, string Sha256, bool Carried);

/// <summary>What a finished block holds, with a digest of itself.</summary>
internal sealed partial record BlockRecord(int Block, IReadOnlyList<BlockBlob> Blobs, string Digest)
{
    public const string FileName = "record.json";

    public static BlockRecord Create(int block, IReadOnlyList<BlockBlob> blobs) => new(block, blobs, DigestOf(block, blobs));

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.BlockRecord);

    /// <summary>Reads a block's record; its blobs are not read.</summary>
    /// <returns>Null when it is not what was written.</returns>
    public static BlockRecord? Read(string blockFolder, int block)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(blockFolder, FileName)), RecordJson.Default.BlockRecord);
            var whole = record is { Blobs: not null } && record.Block == block
                && record.Blobs.All(blob => blob is { Name: not null, File: not null, Sha256: not null })
                && record.Digest == DigestOf(block, record.Blobs);
            return whole ? record : null;
        }
        catch (Exception exception) when (exception is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a blob is what was written, to the last bit.</summary>
    public static bool IsWhole(string blockFolder, BlockBlob blob, CancellationToken cancellationToken)
    {
        var file = new FileInfo(Path.Combine(blockFolder, blob.File));
        return file.Exists && file.Length == blob.Size && Sha256Digest.OfFile(file.FullName, cancellationToken: cancellationToken) == blob.Sha256;
    }

    private static string DigestOf(int block, IReadOnlyList<BlockBlob> blobs)
    {
        using var digest = new CanonicalDigest("gptq block record 1");
        digest.Append(block).Append(blobs.Count);
        foreach (var blob in blobs)
            digest.Append(blob.Name).Append(blob.File).Append(blob.Size).Append(blob.Sha256).Append(blob.Carried ? 1 : 0);
        return digest.Finish();
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(BlockRecord))]
    private sealed partial class RecordJson : JsonSerializerContext;
}
