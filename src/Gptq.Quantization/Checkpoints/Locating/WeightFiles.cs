using System.Globalization;
using System.Text.RegularExpressions;

namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>Whether a folder holds a whole checkpoint, told by the names of its files alone.</summary>
internal static class WeightFiles
{
    private static readonly Regex Shard = new(@"^(?<stem>.+)-(?<index>\d{5})-of-(?<count>\d{5})\.(safetensors|bin)$", RegexOptions.CultureInvariant);

    /// <summary>Whether there is a configuration and a file with weights, and no shard is missing.</summary>
    /// <remarks>Other tools put a single file of a model into the cache when that is all they need, so that a snapshot may be a part.</remarks>
    public static bool AreComplete(string folder)
    {
        // The preference of Checkpoint.Open.
        return Exists("config.json") && (Exists("model.safetensors") || HasShards("model.safetensors.index.json", ".safetensors")
            || Exists("pytorch_model.bin") || HasShards("pytorch_model.bin.index.json", ".bin"));

        bool Exists(string name) => CanOpen(Path.Combine(folder, name));

        bool HasShards(string index, string extension) => Exists(index) && NoShardIsMissing(folder, extension);
    }

    private static bool NoShardIsMissing(string folder, string extension)
    {
        var shards = Directory.GetFiles(folder, "*" + extension).Where(CanOpen).Select(path => Shard.Match(Path.GetFileName(path)))
            .Where(match => match.Success).ToList();
        return shards.Count > 0 && shards
            .GroupBy(match => (match.Groups["stem"].Value, match.Groups["count"].Value))
            .All(group => group.Count() == int.Parse(group.Key.Item2, CultureInfo.InvariantCulture));
    }

    /// <summary>Whether a file is there, at the end of its link too: a link whose blob was deleted counts as a file for File.Exists.</summary>
    private static bool CanOpen(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
