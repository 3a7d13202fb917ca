using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Frequencies that are the same for every length of text.</summary>
internal sealed class FixedFrequencies(double[] values, double attentionFactor = 1) : RotaryFrequencies
{
    /// <summary>Radians a position, pair by pair.</summary>
    public IReadOnlyList<double> Values => values;

    public override int Pairs => values.Length;

    public override float AttentionFactor => (float)attentionFactor;

    public override string Emit(Forward forward) =>
        forward.Constant("rotary frequencies", [.. values.Select(value => (float)value)], values.Length);
}
