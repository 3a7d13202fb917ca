using System.Numerics;
using Gptq.Numerics.Dense;

namespace Gptq.Quantization.Solver;

/// <summary>Finds the grid of a group, for as many rows at once as a vector has lanes (reference: quant.py, find_params).</summary>
internal sealed unsafe class GridSearch
{
    private const int Steps = 100;
    private const int Candidates = 80;
    private readonly WeightGrid _grid;
    private readonly bool _search;
    private readonly float[]? _importance;

    /// <summary>Prepares.</summary>
    /// <param name="options">The grid and the criterion.</param>
    /// <param name="importance">diag(H) of each position, where the options ask for it and there is a Hessian.</param>
    public GridSearch(SolverOptions options, float[]? importance)
    {
        _grid = new WeightGrid(options);
        _importance = options.ImportanceWeighted ? importance : null;
        _search = options.MseSearch || options.ImportanceWeighted;
    }

    /// <summary>The grid of a group.</summary>
    /// <param name="weights">[positions, 48]: 48 rows of the weight, transposed.</param>
    /// <param name="positions">The group's positions.</param>
    /// <param name="scales">[48].</param>
    /// <param name="zeros">[48].</param>
    public void Find(float* weights, ReadOnlySpan<int> positions, float* scales, float* zeros)
    {
        for (var lane = 0; lane < RowBlock.Rows; lane += Vector<float>.Count)
        {
            var (min, max) = (Vector<float>.Zero, Vector<float>.Zero);
            foreach (var position in positions)
            {
                var weight = Vector.Load(weights + ((nint)position * RowBlock.Rows) + lane);
                min = Vector.Min(min, weight);
                max = Vector.Max(max, weight);
            }
            var (low, high) = _grid.Range(min, max);
            var (scale, zero) = _search ? Search(weights + lane, positions, low, high) : _grid.Levels(low, high);
            scale.Store(scales + lane);
            zero.Store(zeros + lane);
        }
    }

    private (Vector<float> Scale, Vector<float> Zero) Search(float* weights, ReadOnlySpan<int> positions, Vector<float> low, Vector<float> high)
    {
        var (bestScale, bestZero) = _grid.Levels(low, high);
        var best = new Vector<float>(float.PositiveInfinity);
        for (var candidate = 0; candidate < Candidates; candidate++)
        {
            var shrink = new Vector<float>((float)(1 - ((double)candidate / Steps)));
            var (scale, zero) = _grid.Levels(shrink * low, shrink * high);
            var error = Error(weights, positions, scale, zero);
            var better = Vector.LessThan(error, best);
            best = Vector.ConditionalSelect(better, error, best);
            bestScale = Vector.ConditionalSelect(better, scale, bestScale);
            bestZero = Vector.ConditionalSelect(better, zero, bestZero);
        }
        return (bestScale, bestZero);
    }

    private Vector<float> Error(float* weights, ReadOnlySpan<int> positions, Vector<float> scale, Vector<float> zero)
    {
        var sum = Vector<float>.Zero;
        foreach (var position in positions)
        {
            var weight = Vector.Load(weights + ((nint)position * RowBlock.Rows));
            var difference = _grid.Nearest(weight, scale, zero).Value - weight;
            sum += _importance is null ? PowerLanes.Power24(Vector.Abs(difference)) : new Vector<float>(_importance[position]) * difference * difference;
        }
        return sum;
    }
}
