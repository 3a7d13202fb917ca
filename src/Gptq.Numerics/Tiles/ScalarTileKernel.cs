namespace Gptq.Numerics.Tiles;

/// <summary>The tile in plain C#: what the vector kernels are tested against, and what runs where none of them does.</summary>
internal sealed unsafe class ScalarTileKernel : TileKernel
{
    public override bool IsSupported => true;

    public override void Multiply(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        for (var m = 0; m < Rows; m++)
        {
            for (var n = 0; n < Columns; n++)
            {
                var sum = 0f;
                for (nint k = 0; k < depth; k++)
                    sum = MathF.FusedMultiplyAdd(a[(k * aStride) + m], b[(k * bStride) + n], sum);
                ref var destination = ref c[(m * cStride) + n];
                destination = update switch
                {
                    TileUpdate.Add => destination + sum,
                    TileUpdate.Subtract => destination - sum,
                    _ => sum,
                };
            }
        }
    }
}
