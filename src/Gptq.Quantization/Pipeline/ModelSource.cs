using Gptq.Quantization.Architectures;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Checkpoints;
using Gptq.Tokenizers;

namespace Gptq.Quantization.Pipeline;

/// <summary>A checkpoint that is opened and understood: its tensors, what it computes, and how it reads text.</summary>
public sealed class ModelSource : IDisposable
{
    private readonly Checkpoint _checkpoint;

    private ModelSource(string directory, Checkpoint checkpoint, Architecture architecture, Tokenizer tokenizer)
    {
        Directory = directory;
        _checkpoint = checkpoint;
        Architecture = architecture;
        Tokenizer = tokenizer;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Directory { get; }

    /// <summary>What the model computes.</summary>
    public Architecture Architecture { get; }

    /// <summary>Text to tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The files with tensors.</summary>
    public IReadOnlyList<string> WeightFiles => _checkpoint.Files;

    /// <summary>config.json and what it refers to, the files that a bundle takes over as they are.</summary>
    public IReadOnlyList<string> TextFiles => [.. BundleFiles.Tokenizer.Prepend("config.json").Select(name => Path.Combine(Directory, name)).Where(File.Exists)];

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">A folder in Hugging Face's layout.</param>
    /// <exception cref="GptqException">GPTQ21xx, 22xx, 23xx: a file is missing, damaged, or of a kind that is not known.</exception>
    public static ModelSource Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var config = ModelConfig.Load(Path.Combine(directory, "config.json"));
        var checkpoint = Checkpoint.Open(directory);
        try
        {
            return new ModelSource(directory, checkpoint, Architecture.Create(config, checkpoint), LoadTokenizer(directory));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _checkpoint.Dispose();

    private static Tokenizer LoadTokenizer(string directory)
    {
        try
        {
            return Tokenizer.Load(directory);
        }
        catch (TokenizerFormatException exception)
        {
            throw new GptqException("GPTQ2301", $"The checkpoint's tokenizer can't be used: {exception.Message}", exception.File ?? directory, exception);
        }
    }
}
