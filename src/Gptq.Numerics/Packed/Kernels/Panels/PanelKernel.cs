namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>A vector kernel that takes codes apart once for many rows: picks the code for a format and a form of activations.</summary>
internal abstract unsafe class PanelKernel<TSimd, TByte, TInt, TFloat> : VectorKernel<TSimd, TByte, TInt, TFloat>
    where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
{
    /// <inheritdoc/>
    public override bool HasPanels => true;

    /// <inheritdoc/>
    public override void MultiplyMany(in PackedWeights weights, int tile, int tiles, in ActivationLayout layout, byte* x, int rows, float* totals)
    {
        switch (weights.Layout.Format)
        {
            case PackedFormat.Bits8:
                Multiply<Codes8>(weights, tile, tiles, layout, x, rows, totals);
                break;
            case PackedFormat.Bits4:
                Multiply<Codes4>(weights, tile, tiles, layout, x, rows, totals);
                break;
            case PackedFormat.Bits3:
                Multiply<Codes3>(weights, tile, tiles, layout, x, rows, totals);
                break;
            case PackedFormat.Bits2:
                Multiply<Codes2>(weights, tile, tiles, layout, x, rows, totals);
                break;
            default:
                var negative = stackalloc float[MostRows * PairRows];
                Multiply<CodesPositive>(weights, tile, tiles, layout, x, rows, totals);
                Multiply<CodesNegative>(weights, tile, tiles, layout, x, rows, negative);
                for (var i = 0; i < rows * PairRows; i++)
                {
                    totals[i] += negative[i];
                }

                break;
        }
    }

    private static void Multiply<TCodes>(in PackedWeights weights, int tile, int tiles, in ActivationLayout layout, byte* x, int rows, float* totals)
        where TCodes : struct, ICodeFormat
    {
        switch (layout.Form)
        {
            case ActivationForm.Floats:
                PanelTile<TSimd, TByte, TInt, TFloat, TCodes, FloatPanel>.Multiply(weights, tile, tiles, layout, x, rows, totals);
                break;
            case ActivationForm.OneLimb:
                PanelTile<TSimd, TByte, TInt, TFloat, TCodes, BytePanel>.Multiply(weights, tile, tiles, layout, x, rows, totals);
                break;
            default:
                PanelTile<TSimd, TByte, TInt, TFloat, TCodes, WordPanel>.Multiply(weights, tile, tiles, layout, x, rows, totals);
                break;
        }
    }
}
