using Gptq.Numerics.Packed;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime;

/// <summary>How a model is opened.</summary>
public sealed record QuantizedModelOptions
{
    /// <summary>What the model runs on.</summary>
    public ModelDevice Device { get; init; }

    /// <summary>The threads of one step; null for as many as there are physical cores.</summary>
    public int? Threads { get; init; }

    /// <summary>How the gptq operators see activations; null for what the model says.</summary>
    public ActivationPrecision? Precision { get; init; }

    /// <summary>
    /// How many tokens of a prompt go through the model at once; null for a size that keeps the logits of a chunk within 64 MB. More is faster
    /// and takes more memory.
    /// </summary>
    public int? PromptChunk { get; init; }

    /// <summary>A last word on the session: execution providers, logging. The gptq operators are registered already.</summary>
    public Action<SessionOptions>? ConfigureSession { get; init; }
}
