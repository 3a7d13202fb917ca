using Gptq.Quantization.Checkpoints.PyTorch;
using Gptq.Quantization.Checkpoints.Safetensors;

namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>Which files of a folder hold the weights.</summary>
internal static class CheckpointFiles
{
    private const string IndexSuffix = ".index.json";

    private static readonly string[] Standard =
    [
        "model.safetensors", "model.safetensors" + IndexSuffix, "pytorch_model.bin", "pytorch_model.bin" + IndexSuffix,
    ];

    private static readonly string[][] Extensions = [[".safetensors"], [".bin", ".pt", ".pth"]];

    // What trainers leave beside the weights.
    private static readonly string[] NoWeights = ["training_args", "optimizer", "scheduler", "scaler", "rng_state"];

    /// <summary>The files with weights, in the order of their names, and the index that named them, if one did.</summary>
    public static (IReadOnlyList<string> Paths, WeightIndex? Index) Find(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase) ? Shards(path) : ([path], null);
        }

        foreach (var name in Standard)
        {
            var file = Path.Combine(path, name);
            if (File.Exists(file))
            {
                return name.EndsWith(IndexSuffix, StringComparison.Ordinal) ? Shards(file) : ([file], null);
            }
        }

        return ([FindOther(path)], null);
    }

    /// <summary>Opens a file by its extension.</summary>
    public static TensorFile Open(string path)
        => path.EndsWith(Extensions[0][0], StringComparison.OrdinalIgnoreCase) ? SafetensorsFile.Open(path) : PyTorchFile.Open(path);

    private static (IReadOnlyList<string> Paths, WeightIndex? Index) Shards(string indexPath)
    {
        var index = WeightIndex.Read(indexPath);
        return (index.Shards, index);
    }

    private static string FindOther(string folder)
    {
        string[] files;
        try
        {
            files = Directory.GetFiles(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CheckpointErrors.Unreadable(folder, e);
        }

        foreach (var extensions in Extensions)
        {
            var found = files
                .Where(file => extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Where(file => !NoWeights.Any(name => Path.GetFileName(file).StartsWith(name, StringComparison.OrdinalIgnoreCase)))
                .Order(StringComparer.Ordinal)
                .ToList();
            if (found.Count == 1)
            {
                return found[0];
            }

            if (found.Count > 1)
            {
                throw new GptqException(
                    "GPTQ2211",
                    $"{folder} has several files with weights ({string.Join(", ", found.Take(5).Select(Path.GetFileName))}) and no index "
                        + "that says which tensor is in which. Add model.safetensors.index.json or pytorch_model.bin.index.json, or keep one file.",
                    folder);
            }
        }

        throw new GptqException(
            "GPTQ2201",
            $"{folder} has no weights. A checkpoint is a folder with one of {string.Join(", ", Standard)}, or one other .safetensors, .bin, .pt or .pth file.",
            folder);
    }
}
