using System.Numerics;
using Gptq.Numerics;

namespace Gptq.Quantization.Solver;

/// <summary>One layer's way through the solver: rows in blocks over the threads, codes and grids out.</summary>
internal sealed unsafe class LayerSolve
{
    private const int LoadedColumns = 64;
    private readonly CpuHessianFactor? _factor;
    private readonly string _layer;
    private readonly float* _weight;
    private readonly int _rows;
    private readonly int _columns;
    private readonly SolverOptions _options;
    private readonly ParallelOptions _parallel;
    private readonly SolverTimes _times;
    private readonly ColumnPlan _plan;
    private readonly WeightGrid _grid;
    private readonly GridSearch _search;
    private readonly bool _roundsToNearest;
    private readonly bool _gridsAreFixed;
    private readonly byte[] _codes;
    private readonly float[] _scales;
    private readonly float[] _zeros;
    private readonly double[] _loss;

    public LayerSolve(
        CpuHessianFactor? factor, string layer, float* weight, int rows, int columns, SolverOptions options, ParallelOptions parallel, SolverTimes times)
    {
        _weight = weight;
        (_factor, _layer, _rows, _columns, _options, _parallel, _times) = (factor, layer, rows, columns, options, parallel, times);
        _roundsToNearest = factor is null || factor.IsRoundToNearest || options.Method == SolverMethod.Rtn;
        _plan = ColumnPlan.Create(columns, _roundsToNearest ? null : factor!.Diagonal, options);
        if (!_roundsToNearest && !_plan.Columns.AsSpan().SequenceEqual(factor!.Order))
            throw new ArgumentException("The factor was made for another order of the columns.", nameof(options));
        _grid = new WeightGrid(options);
        _search = new GridSearch(options, factor is null ? null : [.. _plan.Columns.Select(column => factor.Importance[column])]);
        _gridsAreFixed = _roundsToNearest || options.GridsAreFixed || _plan.GroupCount == 1;
        _codes = new byte[checked(rows * columns)];
        _scales = new float[rows * _plan.GroupCount];
        _zeros = new float[rows * _plan.GroupCount];
        _loss = new double[rows];
    }

    /// <summary>Solves the layer.</summary>
    public SolveResult Run()
    {
        var pieces = RowPieces.Of(_rows, _parallel);
        var sample = SampledRows();
        var sampledRtnLoss = 0.0;
        var estimates = !_roundsToNearest && _options.Method == SolverMethod.Gptq;
        WorkQueue.Run(pieces.Count + (estimates ? 1 : 0), _parallel, () => new Workspace(this), (item, workspace) =>
        {
            if (item < pieces.Count) SolvePiece(pieces[item], workspace);
            else sampledRtnLoss = RoundToNearestLoss(sample, workspace);
        });

        var linear = new QuantizedLinear(_rows, _columns, _options.Bits, _plan.GroupSize, _codes, _scales, _zeros, _plan.GroupIndex());
        var sampledLoss = sample.Where(row => row >= 0).Sum(row => _loss[row]);
        var report = new LayerReport(
            _layer, _roundsToNearest ? SolverMethod.Rtn : _options.Method, _factor?.Tokens ?? 0, _factor?.Samples ?? 0,
            _factor?.DeadColumns ?? 0, _factor?.Damp ?? 0,
            _roundsToNearest ? null : _loss.Sum() / Math.Max(1, _factor!.Samples),
            estimates && sampledRtnLoss > 0 ? sampledLoss / sampledRtnLoss : null,
            _factor?.Warnings ?? []);
        return new SolveResult(linear, report);
    }

    private int[] SampledRows()
    {
        var count = Math.Min(_rows, RowBlock.Rows);
        return [.. Enumerable.Range(0, RowBlock.Rows).Select(lane => lane < count ? (int)((long)lane * _rows / count) : -1)];
    }

    private void SolvePiece((int FirstBlock, int Count) piece, Workspace workspace)
    {
        var blocks = workspace.Blocks.AsSpan(0, piece.Count);
        for (var block = 0; block < piece.Count; block++)
            Load(workspace.Blocks[block], [.. Enumerable.Range((piece.FirstBlock + block) * RowBlock.Rows, RowBlock.Rows).Select(row => row < _rows ? row : -1)], _gridsAreFixed);
        workspace.Solver.Solve(blocks, rounds: true, (from, to) =>
        {
            for (var block = 0; block < piece.Count; block++) StoreCodes(workspace.Blocks[block], (piece.FirstBlock + block) * RowBlock.Rows, from, to);
        });
        for (var block = 0; block < piece.Count; block++) StoreGrids(workspace.Blocks[block], (piece.FirstBlock + block) * RowBlock.Rows);
    }

    /// <summary>Σ ((W − Q)·R)² of round-to-nearest on some rows: what the loop computes when it takes W − Q for W and rounds all of it to zero.</summary>
    private double RoundToNearestLoss(int[] rows, Workspace workspace)
    {
        var block = workspace.Blocks[0];
        Load(block, rows, findGrids: true);
        for (var position = 0; position < _columns; position++)
        {
            var group = (nint)_plan.Groups[position] * RowBlock.Rows;
            for (var lane = 0; lane < RowBlock.Rows; lane += Vector<float>.Count)
            {
                var here = block.Weights + ((nint)position * RowBlock.Rows) + lane;
                var weight = Vector.Load(here);
                var nearest = _grid.Nearest(weight, Vector.Load(block.Scales + group + lane), Vector.Load(block.Zeros + group + lane));
                Vector.Store(weight - nearest.Value, here);
            }
        }
        workspace.Solver.Solve(workspace.Blocks.AsSpan(0, 1), rounds: false, (_, _) => { });
        var sum = 0.0;
        for (var lane = 0; lane < RowBlock.Rows; lane++) sum += rows[lane] < 0 ? 0 : block.Loss[lane];
        return sum;
    }

    /// <summary>Loads rows, transposed, columns in the plan's order, and finds the grids that are fixed.</summary>
    /// <param name="block">Where to.</param>
    /// <param name="rows">A row for each lane, −1 for none.</param>
    /// <param name="findGrids">Whether all grids are found now.</param>
    private void Load(RowBlock block, int[] rows, bool findGrids)
    {
        var invalid = 0;
        for (var from = 0; from < _columns; from += LoadedColumns)
        {
            var to = Math.Min(from + LoadedColumns, _columns);
            for (var lane = 0; lane < RowBlock.Rows; lane++)
            {
                var destination = block.Weights + ((nint)from * RowBlock.Rows) + lane;
                if (rows[lane] < 0)
                {
                    for (var position = from; position < to; position++, destination += RowBlock.Rows) *destination = 0;
                    continue;
                }
                var source = _weight + ((nint)rows[lane] * _columns);
                for (var position = from; position < to; position++, destination += RowBlock.Rows)
                {
                    var value = source[_plan.Columns[position]];
                    *destination = value;
                    if (!float.IsFinite(value)) invalid++;
                }
            }
        }
        if (invalid > 0) throw InvalidWeight(rows);

        // As the reference does: a whole row's grid still sees the weights of dead columns, a group's does not.
        if (findGrids && _plan.GroupCount == 1) FindGrid(block, 0);
        if (!_roundsToNearest && _factor!.DeadColumns > 0)
        {
            for (var position = 0; position < _columns; position++)
                if (_factor.Dead[_plan.Columns[position]]) new Span<float>(block.Weights + ((nint)position * RowBlock.Rows), RowBlock.Rows).Clear();
        }
        for (var group = 0; findGrids && _plan.GroupCount > 1 && group < _plan.GroupCount; group++) FindGrid(block, group);
    }

    private void FindGrid(RowBlock block, int group) =>
        _search.Find(block.Weights, _plan.Members[group], block.Scales + ((nint)group * RowBlock.Rows), block.Zeros + ((nint)group * RowBlock.Rows));

    private GptqException InvalidWeight(int[] rows)
    {
        foreach (var row in rows.Where(row => row >= 0))
        {
            for (var column = 0; column < _columns; column++)
            {
                var value = _weight[((nint)row * _columns) + column];
                if (!float.IsFinite(value))
                    return Solver.InvalidWeight.At(_layer, value, row, column);
            }
        }
        throw new InvalidOperationException("No weight is invalid.");
    }

    private void StoreCodes(RowBlock block, int firstRow, int from, int to)
    {
        for (var lane = 0; lane < Math.Min(RowBlock.Rows, _rows - firstRow); lane++)
        {
            var codes = _codes.AsSpan((firstRow + lane) * _columns, _columns);
            var source = block.Codes + lane;
            for (var position = from; position < to; position++, source += RowBlock.Rows) codes[_plan.Columns[position]] = (byte)*source;
        }
    }

    private void StoreGrids(RowBlock block, int firstRow)
    {
        for (var lane = 0; lane < Math.Min(RowBlock.Rows, _rows - firstRow); lane++)
        {
            var row = firstRow + lane;
            _loss[row] = block.Loss[lane];
            for (var group = 0; group < _plan.GroupCount; group++)
            {
                _scales[(row * _plan.GroupCount) + group] = block.Scales[(group * RowBlock.Rows) + lane];
                _zeros[(row * _plan.GroupCount) + group] = block.Zeros[(group * RowBlock.Rows) + lane];
            }
        }
    }

    /// <summary>What a thread works with.</summary>
    private sealed class Workspace : IDisposable
    {
        public Workspace(LayerSolve solve)
        {
            var propagates = !solve._roundsToNearest;
            var u = propagates ? solve._factor!.U : null;
            var p = propagates && solve._options.Method == SolverMethod.Gptaq ? solve._factor!.P : null;
            Solver = new BlockSolver(solve._plan, solve._grid, solve._search, solve._gridsAreFixed, u, p, solve._times);
            for (var block = 0; block < RowPieces.BlocksOfAPiece; block++)
                Blocks[block] = new RowBlock(solve._columns, solve._plan.GroupCount, BlockSolver.LazyColumns, p != null);
        }

        public RowBlock[] Blocks { get; } = new RowBlock[RowPieces.BlocksOfAPiece];

        public BlockSolver Solver { get; }

        public void Dispose()
        {
            foreach (var block in Blocks) block.Dispose();
        }
    }
}
