using Gptq.Quantization;
using Gptq.Quantization.Solver;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>The levels of grids (<see cref="WeightGrid"/>) and the search for the best ones (<see cref="GridSearch"/>), on tensors: the last axis is the weight's rows.</summary>
internal sealed class TensorGrid
{
    private const int Steps = 100;
    private const int Candidates = 80;
    private const float LargestHalf = 65504;
    private readonly SolverOptions _options;
    private readonly ScalarType _type;
    private readonly bool _ternary;
    private readonly bool _half;

    public TensorGrid(SolverOptions options, ScalarType type)
    {
        (_options, _type) = (options, type);
        _ternary = options.Bits == BitWidth.Ternary;
        _half = options.ScaleStorage == ScaleStorage.HalfPrecision;
    }

    /// <summary>Finds grids.</summary>
    /// <param name="weights">[…, columns, rows]: the columns of each group.</param>
    /// <param name="importance">[…, columns, 1]: diag(H) of each column; null without a Hessian.</param>
    /// <returns>Scales and zero points, […, rows].</returns>
    public (Tensor Scale, Tensor Zero) Find(Tensor weights, Tensor? importance)
    {
        using var scope = NewDisposeScope();
        var axis = weights.shape.Length - 2;
        var zero = zeros(1, dtype: _type, device: weights.device);
        var min = weights.amin([axis]).minimum(zero);
        var max = weights.amax([axis]).maximum(zero);
        if (_options.Symmetric && !_options.FullRangeSymmetric)
        {
            max = min.neg().maximum(max);
            min = max.neg();
        }
        var empty = min.eq(max);
        var low = where(empty, zero.sub(Constant.Of(1)), min);
        var high = where(empty, zero.add(Constant.Of(1)), max);
        var (scale, zeroPoint) = _options.MseSearch || _options.ImportanceWeighted
            ? Search(weights, _options.ImportanceWeighted ? importance : null, axis, low, high)
            : Levels(low, high);
        return (scale.contiguous().MoveToOuterDisposeScope(), zeroPoint.contiguous().MoveToOuterDisposeScope());
    }

    /// <summary>The nearest code of each weight; with <see cref="ValueOf"/> its value.</summary>
    public Tensor Nearest(Tensor weights, Tensor scale, Tensor zero)
    {
        if (!_ternary) return weights.div(scale).round_().add_(zero).clamp_(min: Constant.Of(0), max: Constant.Of(_options.MaxCode));
        var above = weights.gt(scale.mul(Constant.Of(0.5))).to(_type);
        return above.sub_(weights.lt(zero.mul(Constant.Of(0.5))).to(_type)).add_(Constant.Of(1));
    }

    /// <summary>The values of codes.</summary>
    public Tensor ValueOf(Tensor codes, Tensor scale, Tensor zero) => _ternary
        ? codes.eq(Constant.Of(2)).to(_type).mul_(scale).add_(codes.eq(Constant.Of(0)).to(_type).mul_(zero))
        : codes.sub(zero).mul_(scale);

    private (Tensor Scale, Tensor Zero) Search(Tensor weights, Tensor? importance, long axis, Tensor low, Tensor high)
    {
        var (bestScale, bestZero) = Levels(low, high);
        var best = full_like(bestScale, Constant.Of(double.PositiveInfinity));
        for (var candidate = 0; candidate < Candidates; candidate++)
        {
            using var scope = NewDisposeScope();
            var shrink = Constant.Of((float)(1 - ((double)candidate / Steps)));
            var (scale, zero) = Levels(low.mul(shrink), high.mul(shrink));
            var (wideScale, wideZero) = (scale.unsqueeze(axis), zero.unsqueeze(axis));
            var difference = ValueOf(Nearest(weights, wideScale, wideZero), wideScale, wideZero).sub_(weights);
            var error = (importance is null ? difference.abs_().pow(Constant.Of(2.4)) : difference.mul(difference).mul_(importance)).sum([axis]);
            var better = error.lt(best);
            best.copy_(where(better, error, best));
            bestScale.copy_(where(better, scale, bestScale));
            bestZero.copy_(where(better, zero, bestZero));
        }
        return (bestScale, bestZero);
    }

    private (Tensor Scale, Tensor Zero) Levels(Tensor low, Tensor high)
    {
        if (_ternary) return (Stored(high), Stored(low));
        var middle = Constant.Of((_options.MaxCode + 1) * 0.5);
        if (_options.FullRangeSymmetric)
        {
            var extreme = where(high.gt(low.neg()), high, low);
            return (StoredStep(extreme.neg().div_(middle)), full_like(high, middle));
        }
        var scale = StoredStep(high.sub(low).div_(Constant.Of(_options.MaxCode)));
        if (_options.Symmetric) return (scale, full_like(high, middle));
        return (scale, low.neg().div_(scale).round_().clamp_(min: Constant.Of(0), max: Constant.Of(_options.MaxCode)));
    }

    // What is stored is float16 or float32, whatever the arithmetic is.
    private Tensor Stored(Tensor value) => _half
        ? value.clamp(Constant.Of(-LargestHalf), Constant.Of(LargestHalf)).to(ScalarType.Float16).to(_type)
        : value.to_type(ScalarType.Float32, copy: true).to_type(_type);

    private Tensor StoredStep(Tensor step)
    {
        step = Stored(step);
        var least = Constant.Of(_half ? (float)Half.Epsilon : 1.17549435e-38f);
        return step.masked_fill_(step.abs().lt(least), least);
    }
}
