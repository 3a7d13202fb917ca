using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Which operators a graph gets, and what they can hold.</summary>
internal static class OperatorChoice
{
    public static OperatorSet Resolve(OperatorSet asked, IReadOnlyDictionary<string, BitWidth> bits, QuantizationOptions options)
    {
        if (asked is OperatorSet.OnnxRuntime or OperatorSet.Auto)
        {
            foreach (var (name, width) in bits)
            {
                if (width is BitWidth.Three or BitWidth.Ternary)
                    throw new GptqException("GPTQ1112", $"{name} is to be quantized to {OptionValues.Format(width)} bits, which no operator of ONNX Runtime holds. Use Operators=gptq, or 2, 4 or 8 bits.");
            }
            if (options.ActOrder == ActOrder.Dynamic && options.GroupSize != -1)
                throw new GptqException("GPTQ1113", "ActOrder=dynamic with groups needs an index for each column, which ONNX Runtime's fast operators do not take. Use Operators=gptq, or ActOrder=group-aware.");
        }
        return asked == OperatorSet.Auto ? OperatorSet.OnnxRuntime : asked;
    }

    /// <summary>The type in which an operator set stores scales.</summary>
    public static ScaleStorage ScalesOf(OperatorSet operators) => operators == OperatorSet.Gptq ? ScaleStorage.HalfPrecision : ScaleStorage.SinglePrecision;
}
