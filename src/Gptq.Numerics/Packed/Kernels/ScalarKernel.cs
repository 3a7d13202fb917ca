namespace Gptq.Numerics.Packed.Kernels;

/// <summary>The tile kernel in plain code: what the vector kernels are compared with, bit for bit.</summary>
internal sealed unsafe class ScalarKernel : TileKernel
{
    /// <inheritdoc/>
    public override string Name => "scalar";

    /// <inheritdoc/>
    public override void Multiply(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result)
    {
        for (var i = 0; i < rows; i++)
        {
            for (var row = 0; row < PackedLayout.TileRows; row++)
            {
                var tileRow = new TileRow(weights, tile, row);
                var activations = x + ((nint)i * layout.RowBytes);
                result[(i * PackedLayout.TileRows) + row] = weights.Layout.Format == PackedFormat.Ternary
                    ? Multiply(tileRow, layout, activations, plane: 0) + Multiply(tileRow, layout, activations, plane: 1)
                    : Multiply(tileRow, layout, activations, plane: null);
            }
        }
    }

    private static float Multiply(in TileRow row, in ActivationLayout layout, byte* x, int? plane)
    {
        var total = 0f;
        var block = 0;
        for (var group = 0; group * layout.GroupSize < layout.Columns; group++)
        {
            var scale = row.Scale(group, plane ?? 0);
            var zero = plane is null ? row.Zero(group) : 0;
            var groupEnd = Math.Min((group + 1) * layout.GroupSize, layout.Columns);
            for (var start = group * layout.GroupSize; start < groupEnd; start += layout.BlockColumns, block++)
            {
                var end = Math.Min(start + layout.BlockColumns, groupEnd);
                if (layout.Form == ActivationForm.Floats)
                {
                    var sum = FloatSum(row, (float*)x, start, end, plane);
                    if (plane is null && row.HasZeros)
                    {
                        var activationSum = *(float*)(x + layout.SumOffset + (sizeof(float) * block));
                        sum = MathF.FusedMultiplyAdd(row.Middle - zero, activationSum, sum);
                    }

                    total = MathF.FusedMultiplyAdd(sum, scale, total);
                }
                else
                {
                    var sum = IntegerSum(row, layout.Form, x, start, end, plane);
                    sum -= zero * *(int*)(x + layout.SumOffset + (sizeof(int) * block));
                    var activationScale = *(float*)(x + layout.ValueBytes + (sizeof(float) * block));
                    total = MathF.FusedMultiplyAdd(sum, scale * activationScale, total);
                }
            }
        }

        return total;
    }

    private static float FloatSum(in TileRow row, float* x, int start, int end, int? plane)
    {
        var sums = stackalloc float[4];
        var middle = plane is null ? row.Middle : 0;
        for (var column = start; column < end; column++)
        {
            sums[column % 4] = MathF.FusedMultiplyAdd(row.Code(column, plane) - middle, x[column], sums[column % 4]);
        }

        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }

    private static int IntegerSum(in TileRow row, ActivationForm form, byte* x, int start, int end, int? plane)
    {
        var sum = 0;
        for (var column = start; column < end; column++)
        {
            sum += row.Code(column, plane) * Activation(form, x, column);
        }

        return sum;
    }

    private static int Activation(ActivationForm form, byte* x, int column)
    {
        var (block, place) = Math.DivRem(column, PackedLayout.BlockColumns);
        switch (form)
        {
            case ActivationForm.OneLimb:
                return ((sbyte*)x)[column];
            case ActivationForm.Words:
                var order = (column % 4) switch { 1 => 2, 2 => 1, var same => same };
                return ((short*)x)[(column / 4 * 4) + order];
            default:
                var limbs = (sbyte*)x + (block * 2 * PackedLayout.BlockColumns) + place;
                return (256 * limbs[0]) + limbs[PackedLayout.BlockColumns];
        }
    }
}
