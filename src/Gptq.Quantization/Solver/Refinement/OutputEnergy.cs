namespace Gptq.Quantization.Solver.Refinement;

/// <summary>What a layer's error is measured against: tr(W H Wᵀ), the squares of its outputs.</summary>
internal static class OutputEnergy
{
    // Spread evenly over the layer, these speak for all rows.
    private const int SampledRows = 128;

    /// <summary>Measures.</summary>
    /// <param name="weight">[out, in].</param>
    /// <param name="hessian">Of the refiner.</param>
    /// <param name="linear">A layer of the same format, which says how columns are grouped.</param>
    /// <param name="refiner">Multiplies with the Hessian.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static double Of(ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear linear, ICodeRefiner refiner, CancellationToken cancellation)
    {
        var count = Math.Min(SampledRows, linear.OutFeatures);
        var rows = new float[count * linear.InFeatures];
        for (var i = 0; i < count; i++)
        {
            var row = (int)((long)i * linear.OutFeatures / count);
            weight.Slice(row * linear.InFeatures, linear.InFeatures).CopyTo(rows.AsMemory(i * linear.InFeatures));
        }
        // Against a layer whose weights are all zero, the loss is that of the weights themselves.
        var zeros = new QuantizedLinear(
            count, linear.InFeatures, linear.Bits, linear.GroupSize, linear.Bits == BitWidth.Ternary ? Ones(rows.Length) : new byte[rows.Length], new float[count * linear.Groups],
            new float[count * linear.Groups], linear.GroupIndex);
        var energy = refiner.Refine(rows, hessian, zeros, new RefinementOptions(0, RefineScales: false, HalfPrecisionScales: false), cancellation).LossBefore;
        return energy * linear.OutFeatures / count;
    }

    private static byte[] Ones(int length)
    {
        var ones = new byte[length];
        Array.Fill(ones, (byte)1);
        return ones;
    }
}
