using System.Text.Json;

namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>An index of shards: the file <c>*.index.json</c> whose weight_map says which file holds which tensor.</summary>
internal sealed class WeightIndex
{
    // 70 bytes a tensor; the largest models have some hundred thousand tensors.
    private const int MaxLength = 256 << 20;

    private readonly string _path;

    private WeightIndex(string path, Dictionary<string, string> files)
    {
        _path = path;
        Files = files;
    }

    /// <summary>The file name of each tensor's shard.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The shards' plain names, in order.</summary>
    public IReadOnlyList<string> ShardNames => [.. Files.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The shards' paths, in the order of their names.</summary>
    public IReadOnlyList<string> Shards => [.. ShardNames.Select(name => Path.Combine(Folder, name))];

    private string Folder => Path.GetDirectoryName(Path.GetFullPath(_path))!;

    /// <summary>Reads an index.</summary>
    /// <exception cref="GptqException">GPTQ2205: the index is damaged. GPTQ2206: it names a file elsewhere.</exception>
    public static WeightIndex Load(string path) => new(path, ReadMap(path));

    /// <summary>Reads an index and checks that its shards are there.</summary>
    /// <exception cref="GptqException">GPTQ2205: the index is damaged. GPTQ2206: it names a file elsewhere. GPTQ2212: a shard is missing.</exception>
    public static WeightIndex Read(string path)
    {
        var index = Load(path);
        var missing = index.Shards.Where(shard => !File.Exists(shard)).Select(shard => Path.GetFileName(shard)).ToList();
        return missing.Count == 0
            ? index
            : throw new GptqException(
                "GPTQ2212",
                $"{path} names files that are not there: {Some(missing)}. The download is incomplete: fetch them into the same folder.",
                path);
    }

    /// <summary>Checks that every tensor of the index was found.</summary>
    /// <exception cref="GptqException">GPTQ2213: shards lack tensors.</exception>
    public void RequireAll(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        var missing = Files.Where(pair => !tensors.ContainsKey(pair.Key)).ToList();
        if (missing.Count > 0)
        {
            throw new GptqException(
                "GPTQ2213",
                $"Tensors are not in the files where {_path} says they are: {Some([.. missing.Select(pair => $"{pair.Key} ({pair.Value})")])}. "
                    + "Index and shards are of different checkpoints: fetch all of them again.",
                _path);
        }
    }

    private static Dictionary<string, string> ReadMap(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > MaxLength)
            {
                throw Damaged(path, $"it has {stream.Length} bytes");
            }

            using var json = JsonDocument.Parse(stream);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw Damaged(path, "it has no weight_map");
            }

            var files = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in map.EnumerateObject())
            {
                var file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
                if (!files.TryAdd(entry.Name, CheckName(path, file)))
                {
                    throw Damaged(path, $"it names '{entry.Name}' twice");
                }
            }

            return files.Count > 0 ? files : throw Damaged(path, "its weight_map is empty");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Damaged(path, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CheckpointErrors.Unreadable(path, e);
        }
    }

    /// <summary>A shard is a plain file name: whoever wrote the index must not choose what is read elsewhere on this machine.</summary>
    private static string CheckName(string path, string name)
        => FileNames.IsPlain(name)
            ? name
            : throw new GptqException(
                "GPTQ2206",
                $"{path} names the file '{name}', which is no plain file name. Shards stand in the folder of their index: do not use this checkpoint unless you trust it, "
                    + "and then correct the name.",
                path);

    private static GptqException Damaged(string path, string what, Exception? inner = null)
        => new("GPTQ2205", $"{path} is no index of a checkpoint: {what}. Download it again.", path, inner);

    private static string Some(List<string> names)
        => string.Join(", ", names.Take(5)) + (names.Count > 5 ? $" and {names.Count - 5} more" : "");
}
