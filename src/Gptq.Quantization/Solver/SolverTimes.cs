using System.Diagnostics;

namespace Gptq.Quantization.Solver;

/// <summary>Seconds of processor time that threads spend in the parts of a solve. No result depends on them.</summary>
internal sealed class SolverTimes
{
    private long _update;
    private long _loop;

    /// <summary>In lazy batch updates (W −= E·U).</summary>
    public double Update => (double)Interlocked.Read(ref _update) / Stopwatch.Frequency;

    /// <summary>In everything else: loading, grids, rounding, updates inside a block, storing.</summary>
    public double Loop => (double)Interlocked.Read(ref _loop) / Stopwatch.Frequency;

    public void Reset() => (_update, _loop) = (0, 0);

    public void Add(long updateTicks, long loopTicks)
    {
        Interlocked.Add(ref _update, updateTicks);
        Interlocked.Add(ref _loop, loopTicks);
    }
}
