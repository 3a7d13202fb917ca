using System.CommandLine;
using System.Diagnostics;
using Gptq.Quantization.Solver;

namespace Gptq.Benchmarks;

/// <summary>The peak memory of one layer, from the first token to the codes, against its Hessian, a factor beside it, and the weights.</summary>
internal sealed class MemoryBenchmark : IBenchmark
{
    private readonly Option<int> _rows = new("--rows") { Description = "Output features.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> _columns = new("--columns") { Description = "Input features.", DefaultValueFactory = _ => 16384 };
    private readonly Option<int> _tokens = new("--tokens") { Description = "Tokens of one sample.", DefaultValueFactory = _ => 512 };
    private readonly Option<ActOrder> _actOrder = new("--act-order") { Description = "Order of the columns." };

    public Command CreateCommand()
    {
        var command = new Command("memory", "Peak memory of quantizing one layer.") { _rows, _columns, _tokens, _actOrder };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult arguments)
    {
        int rows = arguments.GetValue(_rows), columns = arguments.GetValue(_columns), tokens = arguments.GetValue(_tokens);
        var random = new Random(1);
        var inputs = Uniform(tokens * columns);
        var options = new SolverOptions { ActOrder = arguments.GetValue(_actOrder) };
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;

        var weight = Uniform(rows * columns);
        var solver = new CpuLayerSolver();
        using var hessian = new HessianAccumulator(columns);
        hessian.Add(inputs, tokens, "layer", "0");
        using var factor = solver.Factor(hessian, options);
        var result = solver.Solve(factor, "layer", weight, rows, columns, options);
        process.Refresh();
        var peak = process.PeakWorkingSet64 - before;
        GC.KeepAlive(weight);
        GC.KeepAlive(inputs);
        GC.KeepAlive(result);

        double hessianBytes = (double)columns * columns * sizeof(float), weightBytes = (double)rows * columns * sizeof(float);
        new Report()
            .Add("benchmark", "memory").Add("rows", rows).Add("columns", columns)
            .Add("hessian_mib", Mebibytes(hessianBytes)).Add("weights_mib", Mebibytes(weightBytes)).Add("peak_mib", Mebibytes(peak))
            .Add("peak_of_hessian_factor_weights", peak / ((2 * hessianBytes) + weightBytes))
            .Add("peak_of_hessian_weights", peak / (hessianBytes + weightBytes))
            .Write(arguments);

        float[] Uniform(int count)
        {
            var values = new float[count];
            for (var i = 0; i < count; i++) values[i] = random.NextSingle() - 0.5f;
            return values;
        }
    }

    private static double Mebibytes(double bytes) => bytes / (1 << 20);
}
