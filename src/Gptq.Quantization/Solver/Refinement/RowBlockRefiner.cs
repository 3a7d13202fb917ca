using Gptq.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Coordinate descent over the codes and scales of some rows (see <see cref="CodeRefinement"/>).</summary>
/// <remarks>
/// As in GPTQ's lazy updates, a change is felt at once only within its block of columns; what it does to all other columns is applied behind
/// the block, for all rows in one product. So nearly all of the work is matrix products, two of [rows, in] x [in, in] a pass.
/// </remarks>
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
    private readonly float[] _gradient;
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
        _rows = weight.Length / _width;
        _top = format.Bits == BitWidth.Ternary ? 2 : (1 << (int)format.Bits) - 1;
        _gradient = new float[_rows * _width];
        _image = new float[_rows * _width];
    }

    /// <summary>Refines the rows.</summary>
    /// <returns>Their loss, Σ e H eᵀ, before and after.</returns>
    public (double Before, double After) Run()
    {
        var before = FillGradient();
        for (var sweep = 0; sweep < _options.Sweeps; sweep++)
        {
            var changed = 0;
            for (var group = 0; group < _columns.Count; group++)
            {
                foreach (var block in _columns.Blocks(group)) changed += SweepCodes(group, block);
                if (_options.RefineScales && sweep + 1 < _options.Sweeps) SweepScales(group);
            }
            if (changed == 0) break;
        }
        return (before, FillGradient());
    }

    // G = E H with E = Q − W; the loss is the sum of E ∘ G.
    private double FillGradient()
    {
        var error = new float[_gradient.Length];
        for (var row = 0; row < _rows; row++)
        {
            for (var column = 0; column < _width; column++)
            {
                var at = (row * _width) + column;
                error[at] = Value(row, _format.GroupOf(column), _codes[at]) - _weight[at];
            }
        }
        Gemm.Multiply(_rows, _width, _width, error, _hessian, transposeB: false, _gradient, OneThread);
        double loss = 0;
        for (var i = 0; i < error.Length; i++) loss += (double)error[i] * _gradient[i];
        return loss;
    }

    private int SweepCodes(int group, int[] block)
    {
        var changed = 0;
        var steps = new float[_rows * block.Length];
        var local = new float[block.Length];
        var corner = Corner(block);
        for (var row = 0; row < _rows; row++)
        {
            for (var i = 0; i < block.Length; i++) local[i] = _gradient[(row * _width) + block[i]];
            for (var i = 0; i < block.Length; i++)
            {
                var curvature = corner[(i * block.Length) + i];
                if (!(curvature > 0)) continue;
                var at = (row * _width) + block[i];
                var code = _codes[at];
                var now = Value(row, group, code);
                var best = Nearest(row, group, now - (local[i] / curvature), code);
                if (best == code) continue;
                var step = Value(row, group, best) - now;
                _codes[at] = best;
                steps[(row * block.Length) + i] = step;
                Axpy.Add(step, corner.AsSpan(i * block.Length, block.Length), local);
                changed++;
            }
        }
        if (changed > 0)
        {
            Multiply(block, steps);
            Axpy.Add(1, _image, _gradient);
        }
        return changed;
    }

    private void SweepScales(int group)
    {
        if (_format.Bits == BitWidth.Ternary)
        {
            // The two levels of a ternary group, one after the other.
            MoveAlong(group, _scales, (code, _) => code == 2 ? 1 : 0);
            MoveAlong(group, _zeros, (code, _) => code == 0 ? 1 : 0);
            return;
        }
        MoveAlong(group, _scales, (code, zero) => code - zero);
    }

    // Sets a factor of the group's weights to its optimum in every row, and the gradient to what it then is.
    private void MoveAlong(int group, Span<float> factors, Func<byte, float, float> direction)
    {
        var columns = _columns[group];
        var u = new float[_rows * columns.Length];
        for (var row = 0; row < _rows; row++)
        {
            var zero = _zeros[(row * _columns.Count) + group];
            for (var i = 0; i < columns.Length; i++) u[(row * columns.Length) + i] = direction(_codes[(row * _width) + columns[i]], zero);
        }
        // H u: gives the curvature, and is what the gradient moves along.
        Multiply(columns, u);
        for (var row = 0; row < _rows; row++)
        {
            var image = _image.AsSpan(row * _width, _width);
            var gradient = _gradient.AsSpan(row * _width, _width);
            double slope = 0;
            double curvature = 0;
            for (var i = 0; i < columns.Length; i++)
            {
                double part = u[(row * columns.Length) + i];
                slope += part * gradient[columns[i]];
                curvature += part * image[columns[i]];
            }
            if (!(curvature > 0)) continue;
            ref var factor = ref factors[(row * _columns.Count) + group];
            var moved = (float)(factor - (slope / curvature));
            if (_options.HalfPrecisionScales) moved = (float)(Half)moved;
            // A scale that vanishes or changes sign would leave the format's range; a rounded one may miss the optimum by more than it gains.
            if (!float.IsFinite(moved) || moved == 0 || Math.Sign(moved) != Math.Sign(factor)) continue;
            var step = moved - factor;
            if ((2 * step * slope) + ((double)step * step * curvature) >= 0) continue;
            factor = moved;
            Axpy.Add(step, image, gradient);
        }
    }

    // image = a · H[columns, :] for all rows.
    private void Multiply(int[] columns, float[] a)
    {
        var contiguous = columns[^1] - columns[0] == columns.Length - 1;
        var h = contiguous ? _hessian.Slice(columns[0] * _width, columns.Length * _width) : Gathered(columns);
        Gemm.Multiply(_rows, _width, columns.Length, a, h, transposeB: false, _image, OneThread);
    }

    private ReadOnlySpan<float> Gathered(int[] columns)
    {
        var rows = new float[columns.Length * _width];
        for (var i = 0; i < columns.Length; i++) _hessian.Slice(columns[i] * _width, _width).CopyTo(rows.AsSpan(i * _width));
        return rows;
    }

    // H[block, block].
    private float[] Corner(int[] block)
    {
        var corner = new float[block.Length * block.Length];
        for (var i = 0; i < block.Length; i++)
        {
            for (var j = 0; j < block.Length; j++) corner[(i * block.Length) + j] = _hessian[(block[i] * _width) + block[j]];
        }
        return corner;
    }

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
        var nearest = MathF.Round((target / _scales[at]) + _zeros[at]);
        if (float.IsNaN(nearest)) return current;
        var rounded = (byte)Math.Clamp(nearest, 0, _top);
        // Half a step is a tie: staying put keeps the descent from going back and forth.
        return Math.Abs(Value(row, group, rounded) - target) < Math.Abs(Value(row, group, current) - target) ? rounded : current;
    }
}
