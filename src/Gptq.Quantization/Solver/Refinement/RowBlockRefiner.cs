using Gptq.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Coordinate descent over the codes and scales of some rows (see <see cref="CodeRefinement"/>).</summary>
internal readonly ref struct RowBlockRefiner
{
    // Row blocks run side by side already.
    private static readonly ParallelOptions OneThread = new() { MaxDegreeOfParallelism = 1 };

    private readonly QuantizedLinear _format;
    private readonly GroupColumns _columns;
    private readonly ReadOnlySpan<float> _hessian;
    private readonly ReadOnlySpan<float> _weight;
    private readonly Span<byte> _codes;
    private readonly Span<float> _scales;
    private readonly Span<float> _zeros;
    private readonly RefinementOptions _options;
    private readonly int _rows;
    private readonly int _width;
    private readonly int _top;
    private readonly float[] _image;

    public RowBlockRefiner(
        QuantizedLinear format,
        GroupColumns columns,
        ReadOnlySpan<float> hessian,
        ReadOnlySpan<float> weight,
        Span<byte> codes,
        Span<float> scales,
        Span<float> zeros,
        RefinementOptions options)
    {
        _format = format;
        _columns = columns;
        _hessian = hessian;
        _weight = weight;
        _codes = codes;
        _scales = scales;
        _zeros = zeros;
        _options = options;
        _width = format.InFeatures;
        _image = new float[_width];
        _rows = weight.Length / _width;
        _top = format.Bits == BitWidth.Ternary ? 2 : (1 << (int)format.Bits) - 1;
    }

    /// <summary>Refines the rows.</summary>
    /// <returns>Their loss, Σ e H eᵀ, before and after.</returns>
    public (double Before, double After) Run()
    {
        var gradient = new float[_rows * _width];
        var before = FillGradient(gradient);
        for (var sweep = 0; sweep < _options.Sweeps; sweep++)
        {
            var changed = 0;
            for (var group = 0; group < _columns.Count; group++)
            {
                changed += SweepCodes(group, gradient);
                if (_options.RefineScales && sweep + 1 < _options.Sweeps) SweepScales(group, gradient);
            }
            if (changed == 0) break;
        }
        return (before, FillGradient(gradient));
    }

    // G = E H with E = Q − W; the loss is the sum of E ∘ G.
    private double FillGradient(Span<float> gradient)
    {
        var error = new float[gradient.Length];
        for (var row = 0; row < _rows; row++)
        {
            for (var column = 0; column < _width; column++)
            {
                var at = (row * _width) + column;
                error[at] = Value(row, _format.GroupOf(column), _codes[at]) - _weight[at];
            }
        }
        Gemm.Multiply(_rows, _width, _width, error, _hessian, transposeB: false, gradient, OneThread);
        double loss = 0;
        for (var i = 0; i < error.Length; i++) loss += (double)error[i] * gradient[i];
        return loss;
    }

    private int SweepCodes(int group, Span<float> gradient)
    {
        var changed = 0;
        foreach (var column in _columns[group])
        {
            var h = HessianRow(column);
            var curvature = h[column];
            if (!(curvature > 0)) continue;
            for (var row = 0; row < _rows; row++)
            {
                var at = (row * _width) + column;
                var code = _codes[at];
                var now = Value(row, group, code);
                var best = Nearest(row, group, now - (gradient[at] / curvature), code);
                if (best == code) continue;
                _codes[at] = best;
                Axpy.Add(Value(row, group, best) - now, h, gradient.Slice(row * _width, _width));
                changed++;
            }
        }
        return changed;
    }

    private void SweepScales(int group, Span<float> gradient)
    {
        var columns = _columns[group];
        Span<float> direction = columns.Length <= 1024 ? stackalloc float[columns.Length] : new float[columns.Length];
        for (var row = 0; row < _rows; row++)
        {
            var g = gradient.Slice(row * _width, _width);
            if (_format.Bits == BitWidth.Ternary)
            {
                MoveLevel(row, group, columns, g, direction, ref _scales[(row * _columns.Count) + group], 2);
                MoveLevel(row, group, columns, g, direction, ref _zeros[(row * _columns.Count) + group], 0);
                continue;
            }
            ref var scale = ref _scales[(row * _columns.Count) + group];
            var zero = _zeros[(row * _columns.Count) + group];
            for (var i = 0; i < columns.Length; i++) direction[i] = _codes[(row * _width) + columns[i]] - zero;
            MoveAlong(columns, direction, g, ref scale);
        }
    }

    // One of the two levels of a ternary group.
    private void MoveLevel(int row, int group, ReadOnlySpan<int> columns, Span<float> gradient, Span<float> direction, ref float level, byte code)
    {
        for (var i = 0; i < columns.Length; i++) direction[i] = _codes[(row * _width) + columns[i]] == code ? 1 : 0;
        MoveAlong(columns, direction, gradient, ref level);
    }

    // Sets a factor of the group's weights to its optimum, and the gradient to what it then is.
    private void MoveAlong(ReadOnlySpan<int> columns, ReadOnlySpan<float> direction, Span<float> gradient, ref float factor)
    {
        // H u: gives the curvature, and is what the gradient moves along.
        var image = _image.AsSpan();
        image.Clear();
        double slope = 0;
        for (var i = 0; i < columns.Length; i++)
        {
            if (direction[i] == 0) continue;
            slope += (double)direction[i] * gradient[columns[i]];
            Axpy.Add(direction[i], HessianRow(columns[i]), image);
        }
        double curvature = 0;
        for (var i = 0; i < columns.Length; i++) curvature += (double)direction[i] * image[columns[i]];
        if (!(curvature > 0)) return;
        var moved = (float)(factor - (slope / curvature));
        if (_options.HalfPrecisionScales) moved = (float)(Half)moved;
        // A scale that vanishes or changes sign would leave the format's range; a rounded one may miss the optimum by more than it gains.
        if (!float.IsFinite(moved) || moved == 0 || Math.Sign(moved) != Math.Sign(factor)) return;
        var step = moved - factor;
        if ((2 * step * slope) + ((double)step * step * curvature) >= 0) return;
        factor = moved;
        Axpy.Add(step, image, gradient);
    }

    private ReadOnlySpan<float> HessianRow(int column) => _hessian.Slice(column * _width, _width);

    private float Value(int row, int group, byte code)
    {
        var at = (row * _columns.Count) + group;
        return _format.Bits == BitWidth.Ternary
            ? code switch { 2 => _scales[at], 0 => _zeros[at], _ => 0 }
            : _scales[at] * (code - _zeros[at]);
    }

    private byte Nearest(int row, int group, float target, byte current)
    {
        if (_format.Bits == BitWidth.Ternary)
        {
            var best = current;
            for (byte code = 0; code <= 2; code++)
            {
                if (Math.Abs(Value(row, group, code) - target) < Math.Abs(Value(row, group, best) - target)) best = code;
            }
            return best;
        }
        var at = (row * _columns.Count) + group;
        var code2 = MathF.Round((target / _scales[at]) + _zeros[at]);
        if (float.IsNaN(code2)) return current;
        var rounded = (byte)Math.Clamp(code2, 0, _top);
        // Half a step is a tie: staying put keeps the descent from going back and forth.
        return Math.Abs(Value(row, group, rounded) - target) < Math.Abs(Value(row, group, current) - target) ? rounded : current;
    }
}
