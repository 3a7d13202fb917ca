using System.Numerics;
using System.Runtime.InteropServices;
using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Coordinate descent over the codes and scales of some blocks of rows (see <see cref="CodeRefinement"/>).</summary>
/// <remarks>
/// Passes go forth and back in turn. At a span of columns, the gradient is what the columns before it add, what those behind it add, and what
/// its own add. Going forth, the columns behind have not moved since the pass before, which came from there: what they add is known, and only
/// the columns before are summed up; going back it is the other way round. So a pass costs half a product E·H (Conrad and Wallach 1979 found
/// this for symmetric Gauss-Seidel iterations).
/// </remarks>
internal sealed unsafe class CodeDescent(SymmetricStrips hessian, IReadOnlyList<ColumnSpan> spans, int[] groups, CodeLevels levels, RefinementOptions options)
    : IDisposable
{
    private const int Lanes = RowBlock.Rows;
    private readonly AlignedBuffer _panel = new(SymmetricStrips.PanelElements);
    private readonly int _size = groups.Length;

    /// <summary>Refines loaded rows: codes, grids, and the errors that these mean.</summary>
    public void Run(ReadOnlySpan<DescentRows> rows)
    {
        // As a pass going back that moves nothing.
        foreach (var block in rows) Array.Clear(block.Loss);
        foreach (var span in spans) Visit(rows, span, near: (span.To, _size), isFirst: true, decide: null, movesScales: false);
        foreach (var block in rows) block.LossBefore = block.Loss.Sum();

        var left = rows.ToArray().ToList();
        for (var pass = 0; pass < options.Sweeps && left.Count > 0; pass++)
        {
            var forward = pass % 2 == 0;
            foreach (var block in left)
            {
                block.Changed = false;
                Array.Clear(block.Loss);
            }
            for (var i = 0; i < spans.Count; i++)
            {
                var span = spans[forward ? i : spans.Count - 1 - i];
                Visit(
                    CollectionsMarshal.AsSpan(left), span, forward ? (0, span.From) : (span.To, _size), isFirst: false, forward,
                    movesScales: options.RefineScales && pass + 1 < options.Sweeps);
            }
            left.RemoveAll(block => !block.Changed);
        }
    }

    public void Dispose() => _panel.Dispose();

    private void Visit(ReadOnlySpan<DescentRows> rows, ColumnSpan span, (int From, int To) near, bool isFirst, bool? decide, bool movesScales)
    {
        // A span that is the whole row keeps its gradient.
        if (isFirst || spans.Count > 1)
        {
            Multiply(rows, (span.From, span.To), near, block => (nint)block.Errors, block => (nint)block.Near, TileUpdate.Set);
            Multiply(rows, (span.From, span.To), (span.From, span.To), block => (nint)block.Errors, block => (nint)block.Gradient, TileUpdate.Set);
            foreach (var block in rows) AddOthers(block, span);
        }
        if (decide is { } forward) Decide(rows, span, forward);
        for (var i = 0; movesScales && i < span.Groups.Count; i++)
        {
            var group = span.Groups[i];
            MoveScale(rows, span, group, block => block.Scales, levels.IsTernary ? (code, _) => IsCode(code, 2) : (code, zero) => code - zero);
            if (levels.IsTernary) MoveScale(rows, span, group, block => block.Zeros, (code, _) => IsCode(code, 0));
        }
        foreach (var block in rows) AddLoss(block, span);
    }

    private static void AddOthers(DescentRows block, ColumnSpan span)
    {
        var far = block.Far + ((nint)span.From * Lanes);
        for (nint i = 0; i < (nint)span.Width * Lanes; i += Vector<float>.Count)
            (Vector.Load(block.Gradient + i) + Vector.Load(block.Near + i) + Vector.Load(far + i)).Store(block.Gradient + i);
    }

    // What pairs of columns add to e·H·eᵀ is counted where the pass comes to the second of them; only then both are known.
    private static void AddLoss(DescentRows block, ColumnSpan span)
    {
        for (var lane = 0; lane < Lanes; lane += Vector<float>.Count)
        {
            var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
            for (nint i = lane; i < (nint)span.Width * Lanes; i += Lanes)
            {
                var at = ((nint)span.From * Lanes) + i;
                var near = Vector.Load(block.Near + i);
                var pull = Vector.Load(block.Gradient + i) + near - Vector.Load(block.Far + at);
                near.Store(block.Far + at);
                Products.Add(Vector.Load(block.Errors + at), pull, ref low, ref high);
            }
            for (var i = 0; i < Vector<double>.Count; i++)
            {
                block.Loss[lane + i] += low[i];
                block.Loss[lane + Vector<double>.Count + i] += high[i];
            }
        }
    }

    /// <summary>Decides the codes of a span again, column by column; moves are felt at once.</summary>
    private void Decide(ReadOnlySpan<DescentRows> rows, ColumnSpan span, bool forward)
    {
        var strips = (span.Width + TileKernel.Rows - 1) / TileKernel.Rows;
        var moved = false;
        for (var i = 0; i < strips; i++)
        {
            var (from, to) = Strip(span, forward ? i : strips - 1 - i);
            Feel(rows, span, (from, to), forward ? (span.From, from) : (to, span.To));
            foreach (var block in rows) moved |= DecideStrip(block, span, from, to, forward);
        }
        for (var i = 0; moved && i < strips; i++)
        {
            var (from, to) = Strip(span, i);
            Feel(rows, span, (from, to), forward ? (to, span.To) : (span.From, from));
        }
    }

    private static (int From, int To) Strip(ColumnSpan span, int strip)
    {
        var from = span.From + (strip * TileKernel.Rows);
        return (from, Math.Min(from + TileKernel.Rows, span.To));
    }

    // G[:, columns] += moves[:, moved]·H[moved, columns].
    private void Feel(ReadOnlySpan<DescentRows> rows, ColumnSpan span, (int From, int To) columns, (int From, int To) moved) => Multiply(
        rows, columns, moved,
        block => (nint)(block.Moves - ((nint)span.From * Lanes)), block => (nint)(block.Gradient + ((nint)(columns.From - span.From) * Lanes)), TileUpdate.Add);

    private bool DecideStrip(DescentRows block, ColumnSpan span, int from, int to, bool forward)
    {
        var tile = hessian.Tile(from);
        var gradient = block.Gradient + ((nint)(from - span.From) * Lanes);
        var moves = block.Moves + ((nint)(from - span.From) * Lanes);
        var moved = false;
        for (var lane = 0; lane < Lanes; lane += Vector<float>.Count)
        {
            for (var step = 0; step < to - from; step++)
            {
                var i = forward ? step : to - from - 1 - step;
                var row = tile.Slice(i * TileKernel.Rows, TileKernel.Rows);
                var at = ((nint)(from + i) * Lanes) + lane;
                var move = Vector<float>.Zero;
                // H[i, i] = 0: the calibration says nothing of this column.
                if (row[i] > 0)
                {
                    var grid = ((nint)groups[from + i] * Lanes) + lane;
                    var (code, scale, zero) = (Vector.Load(block.Codes + at), Vector.Load(block.Scales + grid), Vector.Load(block.Zeros + grid));
                    var value = levels.Value(code, scale, zero);
                    var target = value - (Vector.Load(gradient + ((nint)i * Lanes) + lane) / new Vector<float>(row[i]));
                    var (nearest, nearestValue) = levels.Nearest(target, code, value, scale, zero);
                    nearest.Store(block.Codes + at);
                    move = nearestValue - value;
                }
                move.Store(moves + ((nint)i * Lanes) + lane);
                if (Vector.EqualsAll(move, Vector<float>.Zero)) continue;
                moved = true;
                (Vector.Load(block.Errors + at) + move).Store(block.Errors + at);
                for (var j = 0; j < to - from; j++)
                {
                    var other = gradient + ((nint)j * Lanes) + lane;
                    Vector.FusedMultiplyAdd(move, new Vector<float>(row[j]), Vector.Load(other)).Store(other);
                }
            }
        }
        block.Changed |= moved;
        return moved;
    }

    private static Vector<float> IsCode(Vector<float> code, float which) =>
        Vector.ConditionalSelect(Vector.Equals(code, new Vector<float>(which)), Vector<float>.One, Vector<float>.Zero);

    private delegate float* Factors(DescentRows block);

    /// <summary>Sets a factor of a group's weights to its optimum in every row.</summary>
    private void MoveScale(
        ReadOnlySpan<DescentRows> rows, ColumnSpan span, (int Number, int From, int To) group, Factors factors,
        Func<Vector<float>, Vector<float>, Vector<float>> direction)
    {
        // Products start and end with strips; the group may not.
        var from = group.From - ((group.From - span.From) % TileKernel.Rows);
        var to = Math.Min(span.To, group.To + ((TileKernel.Rows - ((group.To - span.From) % TileKernel.Rows)) % TileKernel.Rows));
        foreach (var block in rows)
        {
            new Span<float>(block.Moves + ((nint)(from - span.From) * Lanes), (to - from) * Lanes).Clear();
            for (var lane = 0; lane < Lanes; lane += Vector<float>.Count)
            {
                var zero = Vector.Load(block.Zeros + ((nint)group.Number * Lanes) + lane);
                for (nint k = group.From; k < group.To; k++)
                    direction(Vector.Load(block.Codes + (k * Lanes) + lane), zero).Store(block.Moves + ((k - span.From) * Lanes) + lane);
            }
        }
        // u·H: gives the curvature, and is what the gradient moves along.
        Multiply(rows, (span.From, span.To), (from, to), block => (nint)(block.Moves - ((nint)span.From * Lanes)), block => (nint)block.Image, TileUpdate.Set);
        foreach (var block in rows)
            for (var lane = 0; lane < Lanes; lane += Vector<float>.Count) MoveAlong(block, span, group, factors(block) + ((nint)group.Number * Lanes) + lane, lane);
    }

    private void MoveAlong(DescentRows block, ColumnSpan span, (int Number, int From, int To) group, float* factors, int lane)
    {
        var (slopeLow, slopeHigh) = (Vector<double>.Zero, Vector<double>.Zero);
        var (curvatureLow, curvatureHigh) = (Vector<double>.Zero, Vector<double>.Zero);
        for (nint i = ((nint)(group.From - span.From) * Lanes) + lane; i < (nint)(group.To - span.From) * Lanes; i += Lanes)
        {
            var u = Vector.Load(block.Moves + i);
            Products.Add(u, Vector.Load(block.Gradient + i), ref slopeLow, ref slopeHigh);
            Products.Add(u, Vector.Load(block.Image + i), ref curvatureLow, ref curvatureHigh);
        }
        Span<float> steps = stackalloc float[Vector<float>.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            var half = Vector<double>.Count;
            steps[i] = i < half ? Move(ref factors[i], slopeLow[i], curvatureLow[i]) : Move(ref factors[i], slopeHigh[i - half], curvatureHigh[i - half]);
        }
        var step = new Vector<float>(steps);
        if (Vector.EqualsAll(step, Vector<float>.Zero)) return;
        var errors = block.Errors + ((nint)span.From * Lanes);
        for (nint i = ((nint)(group.From - span.From) * Lanes) + lane; i < (nint)(group.To - span.From) * Lanes; i += Lanes)
            Vector.FusedMultiplyAdd(step, Vector.Load(block.Moves + i), Vector.Load(errors + i)).Store(errors + i);
        for (nint i = lane; i < (nint)span.Width * Lanes; i += Lanes)
            Vector.FusedMultiplyAdd(step, Vector.Load(block.Image + i), Vector.Load(block.Gradient + i)).Store(block.Gradient + i);
    }

    private float Move(ref float factor, double slope, double curvature)
    {
        if (!(curvature > 0)) return 0;
        var moved = (float)(factor - (slope / curvature));
        if (options.HalfPrecisionScales) moved = (float)(Half)moved;
        // A scale that vanishes or changes sign would leave the format's range; a rounded one may miss the optimum by more than it gains.
        if (!float.IsFinite(moved) || moved == 0 || Math.Sign(moved) != Math.Sign(factor)) return 0;
        var step = moved - factor;
        if ((2 * step * slope) + ((double)step * step * curvature) >= 0) return 0;
        factor = moved;
        return step;
    }

    private void Multiply(
        ReadOnlySpan<DescentRows> rows, (int From, int To) columns, (int From, int To) terms, Func<DescentRows, nint> x, Func<DescentRows, nint> c, TileUpdate update)
    {
        Span<nint> from = stackalloc nint[rows.Length];
        Span<nint> to = stackalloc nint[rows.Length];
        for (var i = 0; i < rows.Length; i++) (from[i], to[i]) = (x(rows[i]), c(rows[i]));
        hessian.Multiply(columns, terms, from, to, update, _panel.Data);
    }
}
