namespace Gptq.Numerics.Packed.Kernels;

/// <summary>The tile kernel over an instruction set: picks the code for a format and a form of activations.</summary>
internal abstract unsafe class VectorKernel<TSimd, TByte, TInt, TFloat> : TileKernel
    where TSimd : struct, ISimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
{
    /// <inheritdoc/>
    public override void Multiply(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result)
    {
        switch (weights.Layout.Format)
        {
            case PackedFormat.Bits8:
                Multiply<Codes8>(weights, tile, layout, x, rows, result);
                break;
            case PackedFormat.Bits4:
                Multiply<Codes4>(weights, tile, layout, x, rows, result);
                break;
            case PackedFormat.Bits3:
                Multiply<Codes3>(weights, tile, layout, x, rows, result);
                break;
            case PackedFormat.Bits2:
                Multiply<Codes2>(weights, tile, layout, x, rows, result);
                break;
            default:
                var negative = stackalloc float[RowsTogether * PackedLayout.TileRows];
                Multiply<CodesPositive>(weights, tile, layout, x, rows, result);
                Multiply<CodesNegative>(weights, tile, layout, x, rows, negative);
                for (var i = 0; i < rows * PackedLayout.TileRows; i++)
                {
                    result[i] += negative[i];
                }

                break;
        }
    }

    private static void Multiply<TCodes>(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result)
        where TCodes : struct, ICodeFormat
    {
        switch (layout.Form)
        {
            case ActivationForm.Floats:
                FloatTile<TSimd, TByte, TInt, TFloat, TCodes>.Multiply(weights, tile, layout, x, rows, result);
                break;
            case ActivationForm.TwoLimbs:
                IntegerTile<TSimd, TByte, TInt, TFloat, TCodes, TwoLimbs>.Multiply(weights, tile, layout, x, rows, result);
                break;
            case ActivationForm.OneLimb:
                IntegerTile<TSimd, TByte, TInt, TFloat, TCodes, OneLimb>.Multiply(weights, tile, layout, x, rows, result);
                break;
            default:
                IntegerTile<TSimd, TByte, TInt, TFloat, TCodes, Words>.Multiply(weights, tile, layout, x, rows, result);
                break;
        }
    }
}
