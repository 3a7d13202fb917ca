using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Options;

/// <summary>How a model is to be quantized: the metadata of a QuantizeModel item, checked, with their defaults.</summary>
public sealed record QuantizationOptions
{
    /// <summary>Levels of a code.</summary>
    public BitWidth Bits { get; init; } = BitWidth.Four;

    /// <summary>Columns that share a scale: -1 for a whole row, or a power of two from 16 to 1024.</summary>
    public int GroupSize { get; init; } = 128;

    /// <summary>A grid symmetric around zero.</summary>
    public bool Symmetric { get; init; }

    /// <summary>The order in which columns are quantized.</summary>
    public ActOrder ActOrder { get; init; } = ActOrder.GroupAware;

    /// <summary>Search shrunken grids for the smallest error, weighted by how much each input matters (docs/quality.md has what it gains).</summary>
    public bool MseSearch { get; init; } = true;

    /// <summary>Collect the Hessians of a block in stages, each after the layers before it are quantized (reference: llama.py, "true-sequential").</summary>
    public bool TrueSequential { get; init; }

    /// <summary>What is added to the Hessian's diagonal, as a fraction of its mean.</summary>
    public double Damp { get; init; } = 0.01;

    /// <summary>The algorithm.</summary>
    public SolverMethod Method { get; init; } = SolverMethod.Gptq;

    /// <summary>A .txt or .jsonl file or a folder of them; null for the text that ships with the engine.</summary>
    public string? CalibrationData { get; init; }

    /// <summary>Calibration sequences.</summary>
    public int CalibrationSamples { get; init; } = 128;

    /// <summary>Tokens of a calibration sequence; null for the smaller of 2048 and what the model takes.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Decides which places of the calibration text are drawn.</summary>
    public int Seed { get; init; }

    /// <summary>Overrides for single layers.</summary>
    public ModuleRules Modules { get; init; } = ModuleRules.None;

    /// <summary>
    /// What a weight of the quantized layers is to take on average, in bits, scales and zero points included; <see cref="Bits"/> then means nothing, and
    /// <see cref="GroupSize"/> is the largest group. Null for the same bits everywhere.
    /// </summary>
    public double? TargetBitsPerWeight { get; init; }

    /// <summary>The operators that the graph is written with.</summary>
    public OperatorSet Operators { get; init; } = OperatorSet.Auto;

    /// <summary>What the result is written as.</summary>
    public ModelFormats Formats { get; init; } = ModelFormats.Onnx;

    /// <summary>The form of AutoGPTQ's layout that is asked for; null for none.</summary>
    internal AutoGptqVersion? CheckpointFormat =>
        Formats.HasFlag(ModelFormats.Gptq) ? AutoGptqVersion.V1 : Formats.HasFlag(ModelFormats.GptqV2) ? AutoGptqVersion.V2 : null;

    /// <summary>These options, when each value is one that it can have.</summary>
    /// <exception cref="GptqException">GPTQ1103, GPTQ1105, GPTQ1109, GPTQ1110: one is not.</exception>
    public QuantizationOptions Checked()
    {
        if (!OptionValues.IsGroupSize(GroupSize))
            throw new GptqException("GPTQ1103", $"GroupSize {GroupSize} is not -1 (a whole row) or a power of two from 16 to 1024.");
        if (!(Damp >= 0 && Damp < 1))
            throw new GptqException("GPTQ1105", $"Damp {Damp} is not a fraction from 0 up to 1; 0.01 is usual.");
        if (CalibrationSamples < 1)
            throw new GptqException("GPTQ1109", $"CalibrationSamples {CalibrationSamples} is not a count of at least 1; 128 is usual.");
        if (SequenceLength is < 2)
            throw new GptqException("GPTQ1110", $"SequenceLength {SequenceLength} is not a count of at least 2; 2048 is usual.");
        return this;
    }
}
