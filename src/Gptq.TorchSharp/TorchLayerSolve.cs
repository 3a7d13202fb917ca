using Gptq.Quantization.Solver;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>
/// One layer's way through the solver on a device (paper, algorithm 1): W transposed, [in, out], so that a column of the weight is one stretch
/// of memory and all rows go together. Nothing is read back before the end, so the device never waits for the processor.
/// </summary>
internal sealed class TorchLayerSolve
{
    private const int LazyColumns = 128;
    private const int SampledRows = 48;
    private readonly TorchHessianFactor? _factor;
    private readonly SolverOptions _options;
    private readonly ScalarType _type;
    private readonly Device _device;
    private readonly int _rows;
    private readonly int _columns;
    private readonly ColumnPlan _plan;
    private readonly TensorGrid _grid;
    private readonly bool _roundsToNearest;
    private readonly bool _gridsAreFixed;

    public TorchLayerSolve(TorchHessianFactor? factor, int rows, int columns, SolverOptions options, ScalarType type, Device device)
    {
        (_factor, _rows, _columns, _options, _type, _device) = (factor, rows, columns, options, type, device);
        _roundsToNearest = factor is null || factor.IsRoundToNearest || options.Method == SolverMethod.Rtn;
        _plan = ColumnPlan.Create(columns, _roundsToNearest ? null : factor!.Diagonal, options);
        if (!_roundsToNearest && !_plan.Columns.AsSpan().SequenceEqual(factor!.Order))
            throw new ArgumentException("The factor was made for another order of the columns.", nameof(options));
        _grid = new TensorGrid(options, type);
        _gridsAreFixed = _roundsToNearest || options.GridsAreFixed || _plan.GroupCount == 1;
    }

    /// <summary>Solves the layer.</summary>
    /// <param name="layer">Its name.</param>
    /// <param name="weight">[rows, columns], row-major.</param>
    /// <param name="cancellation">Stops between blocks of columns.</param>
    public SolveResult Run(string layer, ReadOnlyMemory<float> weight, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        // The checkpoint's columns; grids that are fixed are found in them.
        var columns = HostTensors.Upload(weight, _rows, _columns, _type, _device).transpose(0, 1).contiguous();
        var importance = _factor is null ? null : HostTensors.Vector(_factor.Importance, _type, _device).unsqueeze(1);
        var grids = Grids(columns, importance);
        var sampledRtnLoss = !_roundsToNearest && _options.Method == SolverMethod.Gptq ? RoundToNearestLoss(columns, importance) : null;
        var inOrder = _plan.IsIdentity ? columns : columns.index_select(0, HostTensors.Index(_plan.Columns, _device));
        var importanceInOrder = importance is null || _plan.IsIdentity ? importance : importance.index_select(0, HostTensors.Index(_plan.Columns, _device));

        var codes = empty(_columns, _rows, dtype: ScalarType.Byte, device: _device);
        var loss = zeros(_rows, dtype: _type, device: _device);
        for (var i1 = 0; i1 < _columns; i1 += LazyColumns)
        {
            cancellation.ThrowIfCancellationRequested();
            using var block = NewDisposeScope();
            var i2 = Math.Min(i1 + LazyColumns, _columns);
            if (!_gridsAreFixed) FindGrids(inOrder, importanceInOrder, grids, i1, i2);
            if (_roundsToNearest) Round(inOrder, grids, codes, i1, i2);
            else Solve(inOrder, grids, codes, loss, i1, i2);
        }
        return Result(layer, codes, grids, loss, sampledRtnLoss);
    }

    private SolveResult Result(string layer, Tensor codes, (Tensor Scale, Tensor Zero) grids, Tensor loss, Tensor? sampledRtnLoss)
    {
        if (!_plan.IsIdentity)
        {
            var position = new int[_columns];
            for (var i = 0; i < _columns; i++) position[_plan.Columns[i]] = i;
            codes = codes.index_select(0, HostTensors.Index(position, _device));
        }
        var linear = new QuantizedLinear(
            _rows, _columns, _options.Bits, _plan.GroupSize,
            HostTensors.Download<byte>(codes.transpose(0, 1).contiguous(), ScalarType.Byte),
            HostTensors.Download<float>(grids.Scale.transpose(0, 1).contiguous(), ScalarType.Float32),
            HostTensors.Download<float>(grids.Zero.transpose(0, 1).contiguous(), ScalarType.Float32),
            _plan.GroupIndex());

        double? versusRtn = null;
        if (sampledRtnLoss is not null)
        {
            var rtn = sampledRtnLoss.to(ScalarType.Float64).item<double>();
            var sampled = loss.index_select(0, HostTensors.Index(Sample(), _device)).to(ScalarType.Float64).sum().item<double>();
            if (rtn > 0) versusRtn = sampled / rtn;
        }
        double? total = _roundsToNearest ? null : loss.to(ScalarType.Float64).sum().item<double>() / Math.Max(1, _factor!.Samples);
        return new SolveResult(linear, new LayerReport(
            layer, _roundsToNearest ? SolverMethod.Rtn : _options.Method, _factor?.Tokens ?? 0, _factor?.Samples ?? 0,
            _factor?.Dead.Length ?? 0, _factor?.Damp ?? 0, total, versusRtn, _factor?.Warnings ?? []));
    }

    /// <summary>All grids where they are fixed beforehand, else room for them, [groups, rows]; and zeros where columns are dead.</summary>
    private (Tensor Scale, Tensor Zero) Grids(Tensor columns, Tensor? importance)
    {
        // As the reference does: a whole row's grid still sees the weights of dead columns, a group's does not.
        if (_plan.GroupCount == 1)
        {
            var (scale, zero) = _grid.Find(columns, importance);
            ClearDead(columns);
            return (scale.unsqueeze(0), zero.unsqueeze(0));
        }
        ClearDead(columns);
        var room = (empty(_plan.GroupCount, _rows, dtype: _type, device: _device), empty(_plan.GroupCount, _rows, dtype: _type, device: _device));
        for (var from = 0; _gridsAreFixed && from < _columns; from += _plan.GroupSize) FindInto(columns, importance, room, from, Math.Min(from + _plan.GroupSize, _columns));
        return room;
    }

    private void ClearDead(Tensor columns)
    {
        if (!_roundsToNearest && _factor!.Dead.Length > 0) columns.index_fill_(0, HostTensors.Index(_factor.Dead, _device), Constant.Of(0));
    }

    /// <summary>Finds the grids of the groups that start in a block. Only fixed grids have groups that are not one stretch of the order.</summary>
    private void FindGrids(Tensor inOrder, Tensor? importance, (Tensor Scale, Tensor Zero) grids, int i1, int i2)
    {
        for (var i = i1; i < i2;)
        {
            var members = _plan.Members[_plan.Groups[i]];
            if (members[0] == i) FindInto(inOrder, importance, grids, i, members[^1] + 1);
            i = members[^1] + 1;
        }
    }

    private void FindInto(Tensor columns, Tensor? importance, (Tensor Scale, Tensor Zero) grids, int from, int to)
    {
        using var scope = NewDisposeScope();
        var (scale, zero) = _grid.Find(columns.narrow(0, from, to - from), importance?.narrow(0, from, to - from));
        // Columns in the checkpoint's order stand in it by group; in the plan's order, the plan says which group they are.
        var group = _gridsAreFixed ? from / _plan.GroupSize : _plan.Groups[from];
        grids.Scale.narrow(0, group, 1).copy_(scale.unsqueeze(0));
        grids.Zero.narrow(0, group, 1).copy_(zero.unsqueeze(0));
    }

    private void Round(Tensor inOrder, (Tensor Scale, Tensor Zero) grids, Tensor codes, int i1, int i2)
    {
        var groups = HostTensors.Index(_plan.Groups[i1..i2], _device);
        var nearest = _grid.Nearest(inOrder.narrow(0, i1, i2 - i1), grids.Scale.index_select(0, groups), grids.Zero.index_select(0, groups));
        codes.narrow(0, i1, i2 - i1).copy_(nearest);
    }

    /// <summary>One block of columns: round, divide the error by U[i, i], take error · U[i, j] from the columns j of the block; then all later columns at once.</summary>
    private void Solve(Tensor inOrder, (Tensor Scale, Tensor Zero) grids, Tensor codes, Tensor loss, int i1, int i2)
    {
        var (u, p) = (_factor!.U!, _options.Method == SolverMethod.Gptaq ? _factor.P : null);
        var unrounded = p is null ? null : empty(i2 - i1, _rows, dtype: _type, device: _device);
        for (var i = i1; i < i2; i++)
        {
            using var column = NewDisposeScope();
            var (scale, zero) = (grids.Scale.narrow(0, _plan.Groups[i], 1), grids.Zero.narrow(0, _plan.Groups[i], 1));
            var w = inOrder.narrow(0, i, 1);
            var code = _grid.Nearest(w, scale, zero);
            codes.narrow(0, i, 1).copy_(code);
            unrounded?.narrow(0, i - i1, 1).copy_(w);
            // From here on the column holds its error.
            w.sub_(_grid.ValueOf(code, scale, zero)).div_(_factor.UDiagonal!.narrow(0, i, 1));
            if (i + 1 == i2) break;
            var rest = inOrder.narrow(0, i + 1, i2 - i - 1);
            rest.addmm_(Corner(u, i, i + 1, i + 1, i2), w, beta: 1, alpha: -1);
            if (p is not null) rest.addmm_(Corner(p, i, i + 1, i + 1, i2), unrounded!.narrow(0, i - i1, 1), beta: 1, alpha: 1);
        }
        var errors = inOrder.narrow(0, i1, i2 - i1);
        loss.add_(errors.mul(errors).sum([0]));
        if (i2 == _columns) return;
        var later = inOrder.narrow(0, i2, _columns - i2);
        later.addmm_(Corner(u, i1, i2, i2, _columns), errors, beta: 1, alpha: -1);
        if (p is not null) later.addmm_(Corner(p, i1, i2, i2, _columns), unrounded!, beta: 1, alpha: 1);
    }

    private int[] Sample()
    {
        var count = Math.Min(_rows, SampledRows);
        return [.. Enumerable.Range(0, count).Select(lane => (int)((long)lane * _rows / count))];
    }

    /// <summary>Σ ((W − Q)·inv(U))² of round-to-nearest on some rows, by substitution from the first block of columns on.</summary>
    private Tensor RoundToNearestLoss(Tensor columns, Tensor? importance)
    {
        using var scope = NewDisposeScope();
        var sampled = columns.index_select(1, HostTensors.Index(Sample(), _device));
        var rounding = new TorchLayerSolve(null, (int)sampled.shape[1], _columns, _options with { ActOrder = ActOrder.None, Method = SolverMethod.Rtn }, _type, _device);
        var grids = rounding.Grids(sampled, importance);
        for (var from = 0; from < _columns; from += LazyColumns)
        {
            var to = Math.Min(from + LazyColumns, _columns);
            var groups = HostTensors.Index(rounding._plan.Groups[from..to], _device);
            var (scale, zero) = (grids.Scale.index_select(0, groups), grids.Zero.index_select(0, groups));
            var here = sampled.narrow(0, from, to - from);
            here.sub_(_grid.ValueOf(_grid.Nearest(here, scale, zero), scale, zero));
        }
        var left = _plan.IsIdentity ? sampled : sampled.index_select(0, HostTensors.Index(_plan.Columns, _device));
        var loss = zeros(1, dtype: _type, device: _device);
        var u = _factor!.U!;
        for (var from = 0; from < _columns; from += LazyColumns)
        {
            using var block = NewDisposeScope();
            var to = Math.Min(from + LazyColumns, _columns);
            var error = matmul(linalg.inv(Corner(u, from, to, from, to).contiguous()), left.narrow(0, from, to - from));
            loss.add_(error.mul(error).sum());
            if (to < _columns) left.narrow(0, to, _columns - to).addmm_(Corner(u, from, to, to, _columns), error, beta: 1, alpha: -1);
        }
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>U[rows, columns]ᵀ.</summary>
    private static Tensor Corner(Tensor u, int row1, int row2, int column1, int column2) =>
        u.narrow(0, row1, row2 - row1).narrow(1, column1, column2 - column1).transpose(0, 1);
}
