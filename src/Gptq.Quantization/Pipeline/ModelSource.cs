using Gptq.Quantization.Architectures;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Tokenizers;

namespace Gptq.Quantization.Pipeline;

/// <summary>A checkpoint that is opened and understood: its tensors, what it computes, and how it reads text.</summary>
public sealed class ModelSource : IDisposable
{
    private ModelSource(string directory, ModelCheckpoint checkpoint, Tokenizer tokenizer)
    {
        Directory = directory;
        Checkpoint = checkpoint;
        Tokenizer = tokenizer;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Directory { get; }

    /// <summary>The tensors.</summary>
    public ModelCheckpoint Checkpoint { get; }

    /// <summary>What the model computes.</summary>
    public Architecture Architecture => Checkpoint.Architecture;

    /// <summary>Text to tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The files with tensors.</summary>
    public IReadOnlyList<string> WeightFiles => Checkpoint.Files;

    /// <summary>config.json and what it refers to, and the tokenizer's files.</summary>
    public IReadOnlyList<string> TextFiles => [.. BundleFiles.Tokenizer.Prepend(AutoGptqConfig.FileName).Prepend("config.json").Select(name => Path.Combine(Directory, name)).Where(File.Exists)];

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">A folder in Hugging Face's layout.</param>
    /// <exception cref="GptqException">GPTQ21xx, 22xx, 23xx: a file is missing, damaged, or of a kind that is not known.</exception>
    public static ModelSource Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var checkpoint = ModelCheckpoint.Open(directory);
        try
        {
            return new ModelSource(directory, checkpoint, LoadTokenizer(directory));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Checkpoint.Dispose();

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
