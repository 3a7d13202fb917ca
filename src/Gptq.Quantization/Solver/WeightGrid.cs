using System.Numerics;

namespace Gptq.Quantization.Solver;

/// <summary>The levels of a grid: from a range of weights to scale and zero point, and from a weight to its code (reference: quant.py).</summary>
/// <remarks>One lane of a vector is one row of the weight; no lane meets another.</remarks>
internal readonly struct WeightGrid
{
    private readonly Vector<float> _maxCode;
    private readonly Vector<float> _leastZero;
    private readonly bool _ternary;
    private readonly bool _symmetric;
    private readonly bool _fullRange;
    private readonly bool _half;

    public WeightGrid(SolverOptions options)
    {
        _maxCode = new Vector<float>(options.MaxCode);
        _leastZero = new Vector<float>(options.LeastZero);
        _ternary = options.Bits == BitWidth.Ternary;
        _symmetric = options.Symmetric;
        _fullRange = options.FullRangeSymmetric;
        _half = options.ScaleStorage == ScaleStorage.HalfPrecision;
    }

    /// <summary>The range [low, high] that a grid spans, from the smallest and the largest weight, each clamped to include 0.</summary>
    public (Vector<float> Low, Vector<float> High) Range(Vector<float> min, Vector<float> max)
    {
        if (_symmetric && !_fullRange)
        {
            max = Vector.Max(-min, max);
            min = -max;
        }
        var empty = Vector.Equals(min, max);
        return (Vector.ConditionalSelect(empty, new Vector<float>(-1), min), Vector.ConditionalSelect(empty, Vector<float>.One, max));
    }

    /// <summary>Scale and zero point of the grid that spans a range. The scale is what its storage can hold.</summary>
    public (Vector<float> Scale, Vector<float> Zero) Levels(Vector<float> low, Vector<float> high)
    {
        if (_ternary) return (Stored(high), Stored(low));
        var middle = (_maxCode + Vector<float>.One) * new Vector<float>(0.5f);
        if (_fullRange)
        {
            // The weight that is largest in magnitude becomes code 0, which is one step further from zero than the largest code.
            var extreme = Vector.ConditionalSelect(Vector.GreaterThan(high, -low), high, low);
            return (StoredStep(-extreme / middle), middle);
        }
        var scale = StoredStep((high - low) / _maxCode);
        if (_symmetric) return (scale, middle);
        var zero = Vector.Min(Vector.Max(Vector.Round(-low / scale, MidpointRounding.ToEven), Vector<float>.Zero), _maxCode);
        if (!Vector.LessThanAny(zero, _leastZero)) return (scale, zero);
        // The codes below the zero point that has to be are lost, so the step grows until the others span the range.
        var below = Vector.LessThan(zero, _leastZero);
        return (Vector.ConditionalSelect(below, StoredStep(high / (_maxCode - _leastZero)), scale), Vector.Max(zero, _leastZero));
    }

    /// <summary>The nearest level: its code and its value.</summary>
    public (Vector<float> Code, Vector<float> Value) Nearest(Vector<float> weight, Vector<float> scale, Vector<float> zero)
    {
        if (_ternary)
        {
            var half = new Vector<float>(0.5f);
            var positive = Vector.GreaterThan(weight, scale * half);
            var negative = Vector.LessThan(weight, zero * half);
            return (Vector.ConditionalSelect(positive, new Vector<float>(2), Vector.ConditionalSelect(negative, Vector<float>.Zero, Vector<float>.One)),
                Vector.ConditionalSelect(positive, scale, Vector.ConditionalSelect(negative, zero, Vector<float>.Zero)));
        }
        var code = Vector.Min(Vector.Max(Vector.Round(weight / scale, MidpointRounding.ToEven) + zero, Vector<float>.Zero), _maxCode);
        return (code, scale * (code - zero));
    }

    private Vector<float> Stored(Vector<float> value) => _half ? RoundToHalf(value) : value;

    /// <summary>A step must not vanish: what is too small for its storage becomes the smallest step there is.</summary>
    private Vector<float> StoredStep(Vector<float> step)
    {
        step = Stored(step);
        var least = new Vector<float>(_half ? (float)Half.Epsilon : 1.17549435e-38f);
        return Vector.ConditionalSelect(Vector.LessThan(Vector.Abs(step), least), least, step);
    }

    private static Vector<float> RoundToHalf(Vector<float> value)
    {
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        value.CopyTo(lanes);
        foreach (ref var lane in lanes) lane = (float)Half.Clamp((Half)lane, Half.MinValue, Half.MaxValue);
        return new Vector<float>(lanes);
    }
}
