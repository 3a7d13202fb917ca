using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Packing.AutoGptq;

namespace Gptq.Quantization.Pipeline;

/// <summary>A checkpoint's tensors and what its model computes with them, quantized already or not.</summary>
public sealed class ModelCheckpoint : IDisposable
{
    private readonly Checkpoint _files;

    private ModelCheckpoint(Checkpoint files, ITensorSource tensors, Architecture architecture, StoredLinears? quantized)
    {
        _files = files;
        Tensors = tensors;
        Architecture = architecture;
        Quantized = quantized;
    }

    /// <summary>The files with tensors.</summary>
    public IReadOnlyList<string> Files => _files.Files;

    /// <summary>The tensors as they stand in the files.</summary>
    public ITensorSource Stored => _files;

    /// <summary>The tensors of the float model: those of quantized linears are what their codes mean.</summary>
    public ITensorSource Tensors { get; }

    /// <summary>What the model computes.</summary>
    public Architecture Architecture { get; }

    /// <summary>The linears that have codes already; null for a float checkpoint.</summary>
    public StoredLinears? Quantized { get; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">A folder in Hugging Face's layout.</param>
    /// <exception cref="GptqException">GPTQ21xx, 22xx: a file is missing, damaged, or of a kind that is not known.</exception>
    public static ModelCheckpoint Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var config = ModelConfig.Load(Path.Combine(directory, "config.json"));
        var quantization = AutoGptqConfig.Load(directory);
        var files = Checkpoint.Open(directory);
        try
        {
            if (quantization is null) return new ModelCheckpoint(files, files, Architecture.Create(config, files), null);
            var tensors = new AutoGptqCheckpoint(files, quantization, Architecture.StoresTransposed(config));
            var architecture = Architecture.Create(config, tensors);
            return new ModelCheckpoint(files, tensors, architecture, new StoredLinears(architecture, tensors));
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}
