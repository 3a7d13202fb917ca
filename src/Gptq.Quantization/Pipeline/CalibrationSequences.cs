using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Pipeline;

/// <summary>The token sequences that a model is calibrated with.</summary>
internal static class CalibrationSequences
{
    /// <summary>Draws them from a text.</summary>
    /// <exception cref="GptqException">GPTQ1110: longer than the model can read. GPTQ2302: the tokenizer is another model's. GPTQ3004: too little text.</exception>
    public static IReadOnlyList<int[]> Draw(ModelSource source, CalibrationCorpus corpus, QuantizationOptions options)
    {
        var sequences = CalibrationSampler.Draw(
            corpus,
            text => source.Tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false),
            Prefix(source),
            options.CalibrationSamples,
            Length(source.Architecture, options),
            options.Seed);
        RequireKnownTokens(source.Architecture, sequences);
        return sequences;
    }

    /// <summary>What every sequence starts with: BOS where the tokenizer says so.</summary>
    public static int[] Prefix(ModelSource source) => source.Tokenizer.Encode("", addSpecialTokens: true) is [var first, ..] ? [first] : [];

    /// <summary>Tokens of a sequence.</summary>
    /// <exception cref="GptqException">GPTQ1110.</exception>
    public static int Length(Architecture architecture, QuantizationOptions options)
    {
        var limit = architecture.MaxPositions ?? int.MaxValue;
        if (options.SequenceLength is not { } asked) return Math.Min(2048, limit);
        return asked <= limit
            ? asked
            : throw new GptqException("GPTQ1110", $"SequenceLength {asked} is more than the {limit} positions that the model has.");
    }

    private static void RequireKnownTokens(Architecture architecture, IReadOnlyList<int[]> sequences)
    {
        var largest = sequences.Max(sequence => sequence.Max());
        if (largest >= architecture.VocabularySize)
            throw new GptqException("GPTQ2302", $"The tokenizer gives the id {largest}, but the model knows {architecture.VocabularySize} tokens. Use the tokenizer that belongs to the checkpoint.");
    }
}
