using System.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Between rows of a layer as they are stored, and blocks of 48 side by side.</summary>
internal static unsafe class DescentRowsTransfer
{
    // Columns that are turned round at a time: their cache lines stay at hand.
    private const int ColumnsAtOnce = 64;

    /// <summary>Loads codes, grids and errors. Rows behind the last become zeros, which nothing moves.</summary>
    public static void Load(DescentRows block, int firstRow, float* weights, QuantizedLinear linear, int[] order, CodeLevels levels)
    {
        var rows = Math.Min(RowBlock.Rows, linear.OutFeatures - firstRow);
        for (var lane = 0; lane < RowBlock.Rows; lane++)
        {
            for (var group = 0; group < linear.Groups; group++)
            {
                var at = (group * RowBlock.Rows) + lane;
                block.Scales[at] = lane < rows ? linear.Scales[((firstRow + lane) * linear.Groups) + group] : 0;
                block.Zeros[at] = lane < rows ? linear.Zeros[((firstRow + lane) * linear.Groups) + group] : 0;
            }
        }
        for (var from = 0; from < order.Length; from += ColumnsAtOnce)
        {
            var to = Math.Min(from + ColumnsAtOnce, order.Length);
            for (var lane = 0; lane < RowBlock.Rows; lane++)
            {
                var row = (firstRow + lane) * (nint)linear.InFeatures;
                for (var position = from; position < to; position++)
                {
                    var at = ((nint)position * RowBlock.Rows) + lane;
                    block.Codes[at] = lane < rows ? linear.Codes[row + order[position]] : 0;
                    block.Errors[at] = lane < rows ? weights[row + order[position]] : 0;
                }
            }
            for (var position = from; position < to; position++) SubtractFromValues(block, position, (nint)linear.GroupOf(order[position]) * RowBlock.Rows, levels);
        }
        new Span<float>(block.Far, order.Length * RowBlock.Rows).Clear();
    }

    /// <summary>Stores codes and grids.</summary>
    public static void Store(DescentRows block, int firstRow, QuantizedLinear linear, int[] order)
    {
        var rows = Math.Min(RowBlock.Rows, linear.OutFeatures - firstRow);
        for (var lane = 0; lane < rows; lane++)
        {
            for (var group = 0; group < linear.Groups; group++)
            {
                var at = (group * RowBlock.Rows) + lane;
                linear.Scales[((firstRow + lane) * linear.Groups) + group] = block.Scales[at];
                linear.Zeros[((firstRow + lane) * linear.Groups) + group] = block.Zeros[at];
            }
        }
        for (var from = 0; from < order.Length; from += ColumnsAtOnce)
        {
            var to = Math.Min(from + ColumnsAtOnce, order.Length);
            for (var lane = 0; lane < rows; lane++)
            {
                var row = (firstRow + lane) * (nint)linear.InFeatures;
                for (var position = from; position < to; position++)
                    linear.Codes[row + order[position]] = (byte)block.Codes[((nint)position * RowBlock.Rows) + lane];
            }
        }
    }

    private static void SubtractFromValues(DescentRows block, int position, nint grid, CodeLevels levels)
    {
        for (var lane = 0; lane < RowBlock.Rows; lane += Vector<float>.Count)
        {
            var at = ((nint)position * RowBlock.Rows) + lane;
            var value = levels.Value(Vector.Load(block.Codes + at), Vector.Load(block.Scales + grid + lane), Vector.Load(block.Zeros + grid + lane));
            (value - Vector.Load(block.Errors + at)).Store(block.Errors + at);
        }
    }
}
