namespace Gptq.Quantization.Architectures;

/// <summary>A linear layer of a model, y = x Wᵀ (+ bias): what quantization works on.</summary>
/// <param name="Name">
/// Its name in the checkpoint, always with the base model's prefix and without ".weight": model.decoder.layers.0.self_attn.q_proj.
/// </param>
/// <param name="Layer">The block it belongs to, from 0; -1 for those outside the blocks (the head, projections of the embedding).</param>
/// <param name="InFeatures">Columns of the weight.</param>
/// <param name="OutFeatures">Rows of the weight.</param>
/// <param name="Stage">
/// When it runs within its block, from 0. Modules of the same stage read the same input, so they share one Hessian; a later stage's input
/// depends on the earlier stages' weights (the order of true-sequential quantization).
/// </param>
public sealed record LinearModule(string Name, int Layer, int InFeatures, int OutFeatures, int Stage)
{
    /// <summary>Whether the checkpoint stores the weight as [in, out] (GPT-2's Conv1D); readers of this module get [out, in].</summary>
    public bool Transposed { get; init; }

    /// <summary>The name of its weight.</summary>
    public string WeightName => Name + ".weight";
}
