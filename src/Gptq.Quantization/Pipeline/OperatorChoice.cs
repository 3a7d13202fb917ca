using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Which operators a graph gets, and what they can hold.</summary>
internal static class OperatorChoice
{
    /// <summary>The operator set for layers of given bits.</summary>
    /// <exception cref="GptqException">GPTQ1112, GPTQ1113: the set asked for can't hold them.</exception>
    public static OperatorSet Resolve(OperatorSet asked, IReadOnlyDictionary<string, BitWidth> bits, ActOrder actOrder, int groupSize)
    {
        var operators = asked == OperatorSet.Auto ? OperatorSet.Gptq : asked;
        if (operators == OperatorSet.Gptq) return operators;
        foreach (var (name, width) in bits)
        {
            if (!Holds(operators, width))
            {
                throw new GptqException(
                    "GPTQ1112",
                    $"{name} is to be quantized to {Describe(width)}, which Operators={OptionValues.Format(operators)} can't hold. Use Operators=gptq, or other bits.");
            }
        }
        if (operators == OperatorSet.OnnxRuntimeHalf && groupSize is not (-1 or 32 or 64 or 128))
            throw new GptqException("GPTQ1112", $"Operators=onnxruntime-fp16 has fast kernels for groups of 32, 64 and 128, not of {groupSize}. Use one of these, -1, or Operators=onnxruntime.");
        return actOrder == ActOrder.Dynamic && groupSize != -1
            ? throw new GptqException(
                "GPTQ1113",
                $"ActOrder=dynamic with groups needs an index for each column, which Operators={OptionValues.Format(operators)} can't hold. Use ActOrder=group-aware, or Operators=gptq.")
            : operators;
    }

    /// <summary>
    /// The bits that a layer gets with an operator set: those asked for, but ONNX Runtime has 4 for 3 and 2 for ternary. Codes of 3 bits would take the
    /// room of 4, so they may as well be 4.
    /// </summary>
    public static BitWidth Fallback(OperatorSet operators, BitWidth bits) => (operators, bits) switch
    {
        (OperatorSet.OnnxRuntime, BitWidth.Three) => BitWidth.Four,
        (OperatorSet.OnnxRuntime, BitWidth.Ternary) => BitWidth.Two,
        _ => bits,
    };

    /// <summary>Tells of layers that get other bits than were asked for (<see cref="Fallback"/>).</summary>
    /// <param name="operators">The operator set.</param>
    /// <param name="asked">Each layer with the bits asked for.</param>
    /// <returns>GPTQ1119 for each kind of bits; empty where every layer gets what was asked for.</returns>
    public static IReadOnlyList<GptqWarning> FallbackWarnings(OperatorSet operators, IEnumerable<KeyValuePair<string, BitWidth>> asked) =>
    [
        .. from layer in asked
           let taken = Fallback(operators, layer.Value)
           where taken != layer.Value
           group layer.Key by (Asked: layer.Value, Taken: taken) into layers
           select new GptqWarning(
               "GPTQ1119",
               $"Operators={OptionValues.Format(operators)} has nothing for {Describe(layers.Key.Asked)}: {layers.First()}{Others(layers.Count() - 1)} get {Describe(layers.Key.Taken)}. Use Operators=gptq for {Describe(layers.Key.Asked)}."),
    ];

    private static string Others(int count) => count switch { 0 => "", 1 => " and another layer", _ => $" and {count} other layers" };

    /// <summary>Whether an operator set has codes of given bits.</summary>
    public static bool Holds(OperatorSet operators, BitWidth bits) => operators switch
    {
        OperatorSet.Portable => bits != BitWidth.Ternary,
        OperatorSet.OnnxRuntimeHalf => bits is BitWidth.Four or BitWidth.Eight,
        OperatorSet.OnnxRuntime => bits is BitWidth.Two or BitWidth.Four or BitWidth.Eight,
        _ => true,
    };

    /// <summary>Refuses layers that a checkpoint has quantized in a way that an operator set can't hold.</summary>
    /// <exception cref="GptqException">GPTQ1112: bits or groups. GPTQ1113: groups out of order.</exception>
    public static void RequireStored(OperatorSet operators, IEnumerable<LinearModule> modules, StoredLinears stored)
    {
        if (operators == OperatorSet.Gptq) return;
        foreach (var module in modules)
        {
            var config = stored.ConfigOf(module);
            var size = config.ColumnsPerGroup(module.InFeatures);
            var packs = operators is not (OperatorSet.OnnxRuntime or OperatorSet.OnnxRuntimeHalf) || MatMulNBitsPacking.Supports(config.Bits, size, module.InFeatures);
            if (!packs || !Holds(operators, config.Bits))
            {
                throw new GptqException(
                    "GPTQ1112",
                    $"The checkpoint has {module.Name} in {Describe(config.Bits)} and groups of {size}, which Operators={OptionValues.Format(operators)} can't hold. Use Operators=gptq.");
            }
            if (!stored.IsInOrder(module))
            {
                throw new GptqException(
                    "GPTQ1113",
                    $"The checkpoint has {module.Name} in groups with an index for each column (desc_act), which Operators={OptionValues.Format(operators)} can't hold. Use Operators=gptq.");
            }
        }
    }

    /// <summary>Refuses an embedding that an operator set can't pick rows of.</summary>
    /// <exception cref="GptqException">GPTQ1112.</exception>
    public static void RequireGather(OperatorSet operators, EmbeddingModule table, BitWidth bits, int groupSize)
    {
        var holds = operators == OperatorSet.Gptq
            || (operators is OperatorSet.OnnxRuntime or OperatorSet.OnnxRuntimeHalf && GatherBlockQuantizedEmitter.Supports(bits, groupSize == -1 ? table.Columns : groupSize, table.Columns));
        if (!holds)
        {
            throw new GptqException(
                "GPTQ1112",
                $"The embedding {table.Name} is to be quantized to {Describe(bits)} in groups of {groupSize}, which Operators={OptionValues.Format(operators)} can't hold. Use Operators=gptq, or leave the embedding out of Modules.");
        }
    }

    /// <summary>The type in which an operator set stores scales.</summary>
    public static ScaleStorage ScalesOf(OperatorSet operators) => operators is OperatorSet.Gptq or OperatorSet.OnnxRuntimeHalf ? ScaleStorage.HalfPrecision : ScaleStorage.SinglePrecision;

    private static string Describe(BitWidth width) => width == BitWidth.Ternary ? "ternary" : $"{OptionValues.Format(width)} bits";
}
