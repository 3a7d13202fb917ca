using System.CommandLine;
using Gptq.Numerics;
using Gptq.Quantization;
using Gptq.Quantization.Solver;

namespace Gptq.Benchmarks;

/// <summary>
/// Quantizes one layer of random weights with random inputs, part by part, beside the largest GFLOP/s that a matrix product and a loop of
/// nothing but fused multiply-adds reach in the same run.
/// </summary>
internal sealed class SolverBenchmark : IBenchmark
{
    private const int GemmSize = 3072;
    private readonly Option<int> _rows = new("--rows") { Description = "Output features.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> _columns = new("--columns") { Description = "Input features.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> _tokens = new("--tokens") { Description = "Calibration tokens.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> _bits = new("--bits") { Description = "2, 3, 4, 8, or 0 for ternary.", DefaultValueFactory = _ => 4 };
    private readonly Option<int> _groupSize = new("--group-size") { Description = "-1 for the whole row.", DefaultValueFactory = _ => 128 };
    private readonly Option<ActOrder> _actOrder = new("--act-order") { Description = "Order of the columns." };
    private readonly Option<bool> _mse = new("--mse") { Description = "Search the grids." };
    private readonly Option<SolverMethod> _method = new("--method") { Description = "gptq or gptaq." };
    private readonly Option<int> _threads = new("--threads") { Description = "Threads.", DefaultValueFactory = _ => Environment.ProcessorCount };
    private readonly Option<int> _runs = new("--runs") { Description = "Measured runs; medians are reported.", DefaultValueFactory = _ => 5 };

    public Command CreateCommand()
    {
        var command = new Command("solver", "The solver, part by part, against the machine's peak.")
        {
            _rows, _columns, _tokens, _bits, _groupSize, _actOrder, _mse, _method, _threads, _runs,
        };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult arguments)
    {
        int rows = arguments.GetValue(_rows), columns = arguments.GetValue(_columns), tokens = arguments.GetValue(_tokens);
        int threads = arguments.GetValue(_threads), runs = arguments.GetValue(_runs);
        var options = new SolverOptions
        {
            Bits = (BitWidth)arguments.GetValue(_bits),
            GroupSize = arguments.GetValue(_groupSize),
            ActOrder = arguments.GetValue(_actOrder),
            MseSearch = arguments.GetValue(_mse),
            Method = arguments.GetValue(_method),
        };
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        var random = new Random(1);
        var inputs = Normal(random, (long)tokens * columns);
        var floatInputs = options.Method == SolverMethod.Gptaq ? Normal(random, inputs.Length) : [];
        var weight = Normal(random, (long)rows * columns);
        var (a, b, c) = (Normal(random, GemmSize * GemmSize), Normal(random, GemmSize * GemmSize), new float[GemmSize * GemmSize]);
        var solver = new CpuLayerSolver(threads);
        HessianAccumulator? hessian = null;
        IHessianFactor? factor = null;
        var (loop, update) = (new List<double>(), new List<double>());

        var times = Measure.InterleavedWithProcessorTime(runs,
            () => Gemm.Multiply(GemmSize, GemmSize, GemmSize, a, b, false, c, parallel),
            () => MachinePeak.Run(parallel),
            () =>
            {
                hessian = new HessianAccumulator(columns, floatInputs.Length > 0);
                if (floatInputs.Length > 0) hessian.Add(inputs, floatInputs, tokens, "layer", "0", parallel);
                else hessian.Add(inputs, tokens, "layer", "0", parallel);
            },
            () => factor = solver.Factor(hessian!, options),
            () =>
            {
                solver.Times.Reset();
                solver.Solve(factor, "layer", weight, rows, columns, options);
                loop.Add(solver.Times.Loop / threads);
                update.Add(solver.Times.Update / threads);
                factor!.Dispose();
            });

        double n = columns, m = rows;
        var seconds = times.Select(time => time.Wall).ToArray();
        var processor = times.Select(time => time.Processor).ToArray();
        var gemm = 2.0 * GemmSize * GemmSize * GemmSize / seconds[0] / 1e9;
        double GigaFlops(double flops, double time) => flops / time / 1e9;
        var (hessianSeconds, factorSeconds, columnSeconds) = (seconds[2], seconds[3], seconds[4]);
        var (loopSeconds, updateSeconds) = (Measure.Median(loop.Skip(1)), Measure.Median(update.Skip(1)));
        var solveSeconds = factorSeconds + columnSeconds;
        new Report()
            .Add("benchmark", "solver").Add("rows", rows).Add("columns", columns).Add("tokens", tokens).Add("bits", options.Bits.ToString())
            .Add("group_size", options.GroupSize).Add("threads", threads).Add("runs", runs)
            .Add("fma_gflops", GigaFlops(MachinePeak.Flops * threads, seconds[1])).Add("gemm_gflops", gemm)
            .Add("hessian_seconds", hessianSeconds).Add("factor_seconds", factorSeconds).Add("loop_seconds", loopSeconds).Add("update_seconds", updateSeconds)
            .Add("solve_seconds", solveSeconds)
            .Add("hessian_of_gemm", GigaFlops(n * n * tokens, hessianSeconds) / gemm)
            .Add("factor_of_gemm", GigaFlops(2 * n * n * n / 3, factorSeconds) / gemm)
            .Add("update_of_gemm", GigaFlops(m * n * n, updateSeconds) / gemm)
            .Add("solve_of_gemm", GigaFlops((2 * n * n * n / 3) + (m * n * n), solveSeconds) / gemm)
            .Add("layer_of_gemm", GigaFlops((n * n * tokens) + (2 * n * n * n / 3) + (m * n * n), hessianSeconds + solveSeconds) / gemm)
            .Add("fma_gflops_of_a_thread", GigaFlops(MachinePeak.Flops * threads, processor[1])).Add("gemm_gflops_of_a_thread", GigaFlops(2.0 * GemmSize * GemmSize * GemmSize, processor[0]))
            .Add("hessian_processor_seconds", processor[2]).Add("factor_processor_seconds", processor[3]).Add("columns_processor_seconds", processor[4])
            .Add("solve_processor_seconds", processor[3] + processor[4])
            .Write(arguments);
    }

    private static float[] Normal(Random random, long count)
    {
        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            // Irwin and Hall: twelve uniform numbers would be better, but four are near enough to a bell.
            values[i] = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
        }
        return values;
    }
}
