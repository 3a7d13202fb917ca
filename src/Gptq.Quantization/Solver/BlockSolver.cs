using System.Diagnostics;
using System.Numerics;
using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver;

/// <summary>
/// The algorithm (paper, algorithm 1) on a few blocks of 48 rows. Column by column: round, divide the error by U[i, i], and take
/// error · U[i, j] from the columns j that are still to come.
/// </summary>
/// <remarks>
/// The paper's lazy batches are turned around: a block of 128 columns gathers everything it is owed, W −= E·U, when its turn comes, instead
/// of having it pushed after each earlier block. The sums are the same, but W is written once, and E stays in the cache.
/// </remarks>
internal sealed unsafe class BlockSolver(ColumnPlan plan, WeightGrid grid, GridSearch search, bool gridsAreFixed, float* u, float* p, SolverTimes times)
{
    /// <summary>Columns whose errors are passed on together (paper: B; reference: blocksize).</summary>
    public const int LazyColumns = 128;

    private readonly nint _stride = Strips.Stride(plan.Columns.Length);
    private readonly int[] _settled = new int[(plan.Columns.Length + LazyColumns - 1) / LazyColumns];

    /// <summary>Finishes a lazy block of columns of some rows: the first column, the one after the last.</summary>
    public delegate void ColumnsDone(int from, int to);

    /// <summary>Solves.</summary>
    /// <param name="rows">Loaded blocks; those whose grids are fixed, with grids.</param>
    /// <param name="rounds">False: every column goes to zero, so that the loss becomes that of the loaded values themselves.</param>
    /// <param name="done">Called when the codes of some columns are there.</param>
    public void Solve(ReadOnlySpan<RowBlock> rows, bool rounds, ColumnsDone done)
    {
        var columns = plan.Columns.Length;
        long updateTicks = 0, start = Stopwatch.GetTimestamp();
        Array.Clear(_settled);
        foreach (var block in rows) new Span<float>(block.Loss, RowBlock.Rows).Clear();
        for (var i1 = 0; i1 < columns; i1 += LazyColumns)
        {
            var i2 = Math.Min(i1 + LazyColumns, columns);
            var findsGrids = rounds && !gridsAreFixed;
            var updateStart = Stopwatch.GetTimestamp();
            if (u != null)
            {
                // A grid is found from the whole group, which may reach beyond this block.
                for (var from = i1; from < (findsGrids ? EndOfGroupsFrom(i1, i2) : i2); from += LazyColumns) Settle(rows, from, i1);
            }
            updateTicks += Stopwatch.GetTimestamp() - updateStart;
            foreach (var block in rows)
            {
                if (findsGrids) FindGrids(block, i1, i2);
                RoundColumns(block, i1, i2, rounds);
            }
            done(i1, i2);
        }
        times.Add(updateTicks, Stopwatch.GetTimestamp() - start - updateTicks);
    }

    private int EndOfGroupsFrom(int i1, int i2)
    {
        var last = plan.Members[plan.Groups[i2 - 1]];
        return last[0] >= i1 ? last[^1] + 1 : i2;
    }

    private void FindGrids(RowBlock block, int i1, int i2)
    {
        for (var i = i1; i < i2;)
        {
            var group = plan.Groups[i];
            var members = plan.Members[group];
            if (members[0] == i) search.Find(block.Weights, members, block.Scales + ((nint)group * RowBlock.Rows), block.Zeros + ((nint)group * RowBlock.Rows));
            i = members[^1] + 1;
        }
    }

    /// <summary>W[:, from:] −= E[:, 0:before]·U[0:before, from:] for a lazy block of columns, as far as that was not done before.</summary>
    private void Settle(ReadOnlySpan<RowBlock> rows, int from, int before)
    {
        ref var settled = ref _settled[from / LazyColumns];
        var to = Math.Min(from + LazyColumns, plan.Columns.Length);
        for (var k = settled; k < before; k += TileKernel.Depth)
        {
            var depth = Math.Min(TileKernel.Depth, before - k);
            for (var m = from; m < to; m += TileKernel.Rows)
            {
                for (var i = 0; i < rows.Length; i++)
                {
                    // The next strip comes from memory while this one is at work.
                    Prefetch.Soon(u + ((m + TileKernel.Rows) * _stride) + ((k + ((nint)depth * i / rows.Length)) * TileKernel.Rows), (nint)depth * TileKernel.Rows / rows.Length);
                    Update(rows[i], m, k, depth);
                }
            }
        }
        settled = before;
    }

    /// <summary>W[:, m:m+8] −= E[:, k:k+depth]·U[k:k+depth, m:m+8], and for GPTAQ += (unrounded W)[:, k:k+depth]·P.</summary>
    private void Update(RowBlock block, int m, int k, int depth)
    {
        var a = (m * _stride) + (k * TileKernel.Rows);
        var c = block.Weights + ((nint)m * RowBlock.Rows);
        TileKernels.Best.Multiply(
            depth, u + a, TileKernel.Rows, block.Weights + ((nint)k * RowBlock.Rows), RowBlock.Rows, c, RowBlock.Rows, TileUpdate.Subtract);
        if (p == null) return;
        TileKernels.Best.Multiply(
            depth, p + a, TileKernel.Rows, block.Unrounded + ((nint)k * RowBlock.Rows), RowBlock.Rows, c, RowBlock.Rows, TileUpdate.Add);
    }

    private void RoundColumns(RowBlock block, int i1, int i2, bool rounds)
    {
        for (var m = i1; m < i2; m += TileKernel.Rows)
        {
            if (u != null && m > i1) Update(block, m, i1, m - i1);
            for (var lane = 0; lane < RowBlock.Rows; lane += Vector<float>.Count)
                RoundStrip(block, m, Math.Min(m + TileKernel.Rows, i2), i1, lane, rounds);
        }
    }

    /// <summary>Eight columns of as many rows as a vector has lanes.</summary>
    private void RoundStrip(RowBlock block, int from, int to, int i1, int lane, bool rounds)
    {
        var strip = from * _stride;
        var loss = Vector.Load(block.Loss + lane);
        for (var i = from; i < to; i++)
        {
            var here = block.Weights + ((nint)i * RowBlock.Rows) + lane;
            var w = Vector.Load(here);
            var q = Vector<float>.Zero;
            if (rounds)
            {
                var group = ((nint)plan.Groups[i] * RowBlock.Rows) + lane;
                (var code, q) = grid.Nearest(w, Vector.Load(block.Scales + group), Vector.Load(block.Zeros + group));
                code.Store(block.Codes + ((i - i1) * RowBlock.Rows) + lane);
            }
            if (u == null) continue;
            var row = u + strip + (i * TileKernel.Rows) - from;
            var error = (w - q) / new Vector<float>(row[i]);
            error.Store(here);
            loss = Vector.FusedMultiplyAdd(error, error, loss);
            if (p != null) w.Store(block.Unrounded + ((nint)i * RowBlock.Rows) + lane);
            for (var j = i + 1; j < to; j++)
            {
                var next = block.Weights + ((nint)j * RowBlock.Rows) + lane;
                var value = Vector.FusedMultiplyAdd(-error, new Vector<float>(row[j]), Vector.Load(next));
                if (p != null) value = Vector.FusedMultiplyAdd(w, new Vector<float>((p + (row - u))[j]), value);
                value.Store(next);
            }
        }
        loss.Store(block.Loss + lane);
    }
}
