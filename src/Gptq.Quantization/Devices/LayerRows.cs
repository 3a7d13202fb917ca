using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Devices;

/// <summary>Layers in pieces of rows, which do not depend on one another.</summary>
internal static class LayerRows
{
    /// <summary>Some rows of a layer.</summary>
    public static QuantizedLinear Slice(QuantizedLinear linear, int first, int count) => new(
        count, linear.InFeatures, linear.Bits, linear.GroupSize,
        linear.Codes.AsSpan(first * linear.InFeatures, count * linear.InFeatures).ToArray(),
        linear.Scales.AsSpan(first * linear.Groups, count * linear.Groups).ToArray(),
        linear.Zeros.AsSpan(first * linear.Groups, count * linear.Groups).ToArray(),
        linear.GroupIndex);

    /// <summary>Pieces one below the other.</summary>
    public static QuantizedLinear Join(QuantizedLinear upper, QuantizedLinear lower) => new(
        upper.OutFeatures + lower.OutFeatures, upper.InFeatures, upper.Bits, upper.GroupSize,
        [.. upper.Codes, .. lower.Codes], [.. upper.Scales, .. lower.Scales], [.. upper.Zeros, .. lower.Zeros], upper.GroupIndex);

    /// <summary>Results of pieces as one: losses add up.</summary>
    public static SolveResult Join(SolveResult upper, SolveResult lower)
    {
        var loss = upper.Report.Loss + lower.Report.Loss;
        var rtn = RtnLoss(upper.Report) + RtnLoss(lower.Report);
        return new SolveResult(Join(upper.Linear, lower.Linear), upper.Report with { Loss = loss, LossVersusRtn = rtn > 0 ? loss / rtn : null });
    }

    private static double? RtnLoss(LayerReport report) => report.LossVersusRtn > 0 ? report.Loss / report.LossVersusRtn : null;
}
