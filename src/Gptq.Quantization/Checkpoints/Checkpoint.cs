using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints;

/// <summary>A checkpoint: a folder of safetensors or PyTorch files, whole or in shards, read as one source of tensors.</summary>
public sealed class Checkpoint : ITensorSource, IDisposable
{
    private readonly IReadOnlyList<TensorFile> _files;
    private readonly Dictionary<string, TensorFile> _owners = new(StringComparer.Ordinal);

    private Checkpoint(string path, IReadOnlyList<TensorFile> files, WeightIndex? index)
    {
        Path = path;
        _files = files;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var (name, tensor) in file.Tensors)
            {
                // A tensor that stands in several shards is taken from the one that the index names, one that it does not name from the first.
                if (index is null || !index.Files.TryGetValue(name, out var owner) || owner == System.IO.Path.GetFileName(file.Path))
                {
                    if (tensors.TryAdd(name, tensor))
                    {
                        _owners.Add(name, file);
                    }
                }
            }
        }

        Tensors = tensors;
        index?.RequireAll(tensors);
    }

    /// <summary>The folder or file that was opened.</summary>
    public string Path { get; }

    /// <summary>The files that hold the tensors, in the order of their names.</summary>
    public IReadOnlyList<string> Files => [.. _files.Select(file => file.Path)];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Opens a checkpoint and checks where its tensors are; no tensor is read.</summary>
    /// <param name="path">
    /// A folder with, in order of preference, model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json,
    /// or exactly one other .safetensors, .bin, .pt or .pth file; or such a file itself.
    /// </param>
    /// <exception cref="GptqException">GPTQ22xx: there are no weights, or a file is damaged, missing or not to be trusted.</exception>
    public static Checkpoint Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var (paths, index) = CheckpointFiles.Find(path);
        var files = new List<TensorFile>(paths.Count);
        try
        {
            foreach (var file in paths)
            {
                files.Add(CheckpointFiles.Open(file));
            }

            return new Checkpoint(path, files, index);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination) => Owner(name).Read(name, destination);

    /// <inheritdoc/>
    public void ReadRows(string name, long firstRow, Span<float> destination) => Owner(name).ReadRows(name, firstRow, destination);

    /// <inheritdoc/>
    public void ReadRaw(string name, long firstElement, Span<byte> destination) => Owner(name).ReadRaw(name, firstElement, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    private TensorFile Owner(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _owners.TryGetValue(name, out var file) ? file : throw CheckpointErrors.NoSuchTensor(name, Path);
    }
}
