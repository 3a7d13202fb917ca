using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Quantization.Solver;

namespace Gptq.GpuCheck;

/// <summary>The share of codes that the GPU's solver has in common with the processor's.</summary>
internal static class SolverEquality
{
    private const double Least = 0.995;

    private static readonly SolverOptions[] s_kinds =
    [
        new() { Bits = BitWidth.Four, GroupSize = 128, ActOrder = ActOrder.GroupAware, ImportanceWeighted = true, ScaleStorage = ScaleStorage.HalfPrecision },
        new() { Bits = BitWidth.Three, GroupSize = 64, ActOrder = ActOrder.Dynamic },
        new() { Bits = BitWidth.Two, GroupSize = 32, ActOrder = ActOrder.Static, Symmetric = true },
        new() { Bits = BitWidth.Eight, GroupSize = -1 },
        new() { Bits = BitWidth.Ternary, GroupSize = 128 },
    ];

    public static IEnumerable<Figure> Run(CheckContext context, CancellationToken cancellation)
    {
        var (rows, columns, tokens) = context.IsDryRun ? (96, 160, 400) : (2048, 2048, 8192);
        var layer = new CorrelatedLayer(rows, columns, tokens);
        var solver = context.Engine.CreateSolver(context.Gpus[0]);
        foreach (var options in s_kinds)
        {
            var expected = Solve(new CpuLayerSolver(), layer, options, cancellation);
            var actual = Solve(solver, layer, options, cancellation);
            var share = (double)expected.Linear.Codes.Zip(actual.Linear.Codes).Count(pair => pair.First == pair.Second) / expected.Linear.Codes.Length;
            yield return new Figure("solver-equality", share >= Least, new JsonObject
            {
                ["bits"] = options.Bits.ToString(), ["group"] = options.GroupSize, ["order"] = options.ActOrder.ToString(), ["rows"] = rows, ["columns"] = columns,
                ["codesEqual"] = Math.Round(share, 6), ["lossOverProcessors"] = Math.Round(actual.Report.Loss!.Value / expected.Report.Loss!.Value, 6),
            });
        }
    }

    private static SolveResult Solve(ILayerSolver solver, CorrelatedLayer layer, SolverOptions options, CancellationToken cancellation)
    {
        using var hessian = new HessianAccumulator(layer.Columns);
        hessian.Add(layer.Inputs, layer.Inputs.Length / layer.Columns, "layer", "0");
        using var factor = solver.Factor(hessian, options, cancellation);
        return solver.Solve(factor, "layer", layer.Weight, layer.Rows, layer.Columns, options, cancellation);
    }

    /// <summary>Random weights; inputs that depend on one another, as those of trained models do.</summary>
    private sealed class CorrelatedLayer
    {
        public CorrelatedLayer(int rows, int columns, int tokens)
        {
            (Rows, Columns) = (rows, columns);
            var random = new Random(7);
            Weight = [.. Enumerable.Range(0, rows * columns).Select(_ => Bell(random))];
            Inputs = new float[tokens * columns];
            for (var token = 0; token < tokens; token++)
            {
                var carried = 0f;
                for (var column = 0; column < columns; column++)
                {
                    carried = (0.9f * carried) + Bell(random);
                    Inputs[(token * columns) + column] = carried;
                }
            }
        }

        public int Rows { get; }

        public int Columns { get; }

        public float[] Weight { get; }

        public float[] Inputs { get; }

        private static float Bell(Random random) => random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f;
    }
}
