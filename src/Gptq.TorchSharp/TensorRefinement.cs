using Gptq.Quantization;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using TorchSharp;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>
/// Coordinate descent over a layer's codes and scales (<see cref="CodeRefinement"/>), [in, out] as in the solver. Within a block of columns
/// a change is felt at once; what it does to all other columns is one product behind the block. Nothing is read back but, once a pass,
/// whether any code changed.
/// </summary>
internal sealed class TensorRefinement
{
    private const int BlockColumns = 128;
    private readonly QuantizedLinear _start;
    private readonly RefinementOptions _options;
    private readonly ScalarType _type;
    private readonly int _maxCode;
    private readonly bool _ternary;
    private readonly (int From, int Count)[] _groups;
    private readonly Tensor? _position;
    private readonly Tensor _groupOfColumn;
    private readonly Tensor _hessian;
    private readonly double[] _curvature;
    private readonly Tensor _weight;
    private readonly Tensor _codes;
    private readonly Tensor _scales;
    private readonly Tensor _zeros;
    private readonly Tensor _gradient;

    /// <summary>Puts the columns of each group side by side.</summary>
    public TensorRefinement(
        ReadOnlyMemory<float> weight, Tensor hessian, QuantizedLinear start, RefinementOptions options, ScalarType type, Device device)
    {
        (_start, _options, _type) = (start, options, type);
        _ternary = start.Bits == BitWidth.Ternary;
        _maxCode = _ternary ? 2 : (1 << (int)start.Bits) - 1;
        int[] order = [.. Enumerable.Range(0, start.InFeatures).OrderBy(start.GroupOf)];
        _groups = [.. order.Select((column, position) => (Group: start.GroupOf(column), Position: position)).GroupBy(pair => pair.Group, (_, pairs) => (pairs.First().Position, pairs.Count()))];
        _groupOfColumn = HostTensors.Index(order.Select(start.GroupOf), device);

        _weight = HostTensors.Upload(weight, start.OutFeatures, start.InFeatures, type, device).transpose(0, 1).contiguous();
        _codes = HostTensors.Upload(start.Codes, start.OutFeatures, start.InFeatures, device).transpose(0, 1).to(type).contiguous();
        _hessian = hessian;
        if (start.GroupIndex is not null)
        {
            var index = HostTensors.Index(order, device);
            (_weight, _codes, _hessian) = (_weight.index_select(0, index), _codes.index_select(0, index), hessian.index_select(0, index).index_select(1, index));
            var position = new int[order.Length];
            for (var i = 0; i < order.Length; i++) position[order[i]] = i;
            _position = HostTensors.Index(position, device);
        }
        _scales = HostTensors.Upload(start.Scales, start.OutFeatures, start.Groups, type, device).transpose(0, 1).contiguous();
        _zeros = HostTensors.Upload(start.Zeros, start.OutFeatures, start.Groups, type, device).transpose(0, 1).contiguous();
        _curvature = [.. HostTensors.Download<double>(_hessian.diagonal(0, 0, 1).contiguous().unsqueeze(0), ScalarType.Float64)];
        _gradient = empty(start.InFeatures, start.OutFeatures, dtype: type, device: device);
    }

    /// <summary>Refines.</summary>
    /// <param name="cancellation">Stops between groups.</param>
    public RefinementResult Run(CancellationToken cancellation)
    {
        var before = FillGradient();
        for (var sweep = 0; sweep < _options.Sweeps; sweep++)
        {
            using var scope = NewDisposeScope();
            var changed = zeros(1, dtype: ScalarType.Int64, device: _codes.device);
            for (var group = 0; group < _groups.Length; group++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (from, count) = _groups[group];
                for (var at = from; at < from + count; at += BlockColumns) SweepCodes(group, at, Math.Min(BlockColumns, from + count - at), changed);
                if (_options.RefineScales && sweep + 1 < _options.Sweeps) SweepScales(group, from, count);
            }
            if (changed.item<long>() == 0) break;
        }
        var after = FillGradient();
        var codes = _position is null ? _codes : _codes.index_select(0, _position);
        return new RefinementResult(
            new QuantizedLinear(
                _start.OutFeatures, _start.InFeatures, _start.Bits, _start.GroupSize,
                HostTensors.Download<byte>(codes.transpose(0, 1).contiguous(), ScalarType.Byte),
                HostTensors.Download<float>(_scales.transpose(0, 1).contiguous(), ScalarType.Float32),
                HostTensors.Download<float>(_zeros.transpose(0, 1).contiguous(), ScalarType.Float32),
                _start.GroupIndex),
            before, after);
    }

    // G = H E with E = Q − W; the loss is the sum of E ∘ G.
    private double FillGradient()
    {
        using var scope = NewDisposeScope();
        var error = empty_like(_weight);
        for (var group = 0; group < _groups.Length; group++)
        {
            using var each = NewDisposeScope();
            var (from, count) = _groups[group];
            error.narrow(0, from, count).copy_(ValueOf(_codes.narrow(0, from, count), Row(_scales, group), Row(_zeros, group)).sub_(_weight.narrow(0, from, count)));
        }
        _gradient.copy_(matmul(_hessian, error));
        return error.mul_(_gradient).sum([0]).to(ScalarType.Float64).sum().item<double>();
    }

    private void SweepCodes(int group, int from, int count, Tensor changed)
    {
        using var scope = NewDisposeScope();
        var (scale, zero) = (Row(_scales, group), Row(_zeros, group));
        var local = _gradient.narrow(0, from, count).clone();
        var steps = zeros_like(local);
        var before = _codes.narrow(0, from, count).clone();
        for (var i = 0; i < count; i++)
        {
            if (!(_curvature[from + i] > 0)) continue;
            using var column = NewDisposeScope();
            var code = _codes.narrow(0, from + i, 1);
            var here = local.narrow(0, i, 1);
            var step = steps.narrow(0, i, 1);
            if (_ternary)
            {
                var now = ValueOf(code, scale, zero);
                using var curvature = (-_curvature[from + i]).ToScalar();
                var target = here.div(curvature).add_(now);
                var best = target.gt(scale.mul(Constant.Of(0.5))).to(_type).sub_(target.lt(zero.mul(Constant.Of(0.5))).to(_type)).add_(Constant.Of(1));
                step.copy_(ValueOf(best, scale, zero)).sub_(now);
                code.copy_(best);
            }
            else
            {
                // In steps of the grid: the code is least at c − G / (scale · H).
                using var inverse = (-1 / _curvature[from + i]).ToScalar();
                var best = code.addcdiv(here, scale, inverse).round_().clamp_(min: Constant.Of(0), max: Constant.Of(_maxCode));
                step.copy_(best).sub_(code).mul_(scale);
                code.copy_(best);
            }
            if (i + 1 < count) local.narrow(0, i + 1, count - i - 1).addmm_(_hessian.narrow(0, from + i + 1, count - i - 1).narrow(1, from + i, 1), step);
        }
        changed.add_(before.ne(_codes.narrow(0, from, count)).sum());
        _gradient.addmm_(_hessian.narrow(1, from, count), steps);
    }

    private void SweepScales(int group, int from, int count)
    {
        using var scope = NewDisposeScope();
        var codes = _codes.narrow(0, from, count);
        if (_ternary)
        {
            MoveAlong(Row(_scales, group), codes.eq(Constant.Of(2)).to(_type), from, count);
            MoveAlong(Row(_zeros, group), codes.eq(Constant.Of(0)).to(_type), from, count);
            return;
        }
        MoveAlong(Row(_scales, group), codes.sub(Row(_zeros, group)), from, count);
    }

    // Sets a factor of the group's weights to its optimum in every row, and the gradient to what it then is.
    private void MoveAlong(Tensor factor, Tensor direction, int from, int count)
    {
        using var scope = NewDisposeScope();
        var image = matmul(_hessian.narrow(1, from, count), direction);
        var slope = direction.mul(_gradient.narrow(0, from, count)).sum([0], keepdim: true);
        var curvature = direction.mul_(image.narrow(0, from, count)).sum([0], keepdim: true);
        var moved = factor.sub(slope.div(curvature));
        moved = _options.HalfPrecisionScales ? moved.to(ScalarType.Float16).to(_type) : moved.to_type(ScalarType.Float32, copy: true).to_type(_type);
        var step = moved.sub(factor);
        // A scale that vanishes or changes sign would leave the format's range; a rounded one may miss the optimum by more than it gains.
        var gains = step.mul(slope).mul_(Constant.Of(2)).add_(step.mul(step).mul_(curvature)).lt(Constant.Of(0));
        var allowed = gains.logical_and(curvature.gt(Constant.Of(0))).logical_and(moved.sign().eq(factor.sign())).logical_and(moved.ne(Constant.Of(0))).logical_and(moved.isfinite());
        step = where(allowed, step, zeros_like(step));
        factor.copy_(where(allowed, moved, factor));
        _gradient.add_(image.mul_(step));
    }

    private Tensor ValueOf(Tensor codes, Tensor scale, Tensor zero) => _ternary
        ? codes.eq(Constant.Of(2)).to(_type).mul_(scale).add_(codes.eq(Constant.Of(0)).to(_type).mul_(zero))
        : codes.sub(zero).mul_(scale);

    private static Tensor Row(Tensor grids, int group) => grids.narrow(0, group, 1);
}
