namespace Gptq.Quantization.Architectures;

/// <summary>A table of vectors, one a token.</summary>
/// <param name="Name">Its name in the checkpoint, with the base model's prefix and without ".weight".</param>
/// <param name="Rows">Tokens.</param>
/// <param name="Columns">Length of a vector.</param>
public sealed record EmbeddingModule(string Name, int Rows, int Columns)
{
    /// <summary>The name of its weight.</summary>
    public string WeightName => Name + ".weight";
}
