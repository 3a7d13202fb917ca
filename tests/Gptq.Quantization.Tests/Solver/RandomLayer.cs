using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>A layer of random weights whose inputs depend on one another, as those of trained models do.</summary>
internal sealed class RandomLayer
{
    public RandomLayer(int outFeatures, int inFeatures, int tokens, int seed)
    {
        (OutFeatures, InFeatures, Tokens) = (outFeatures, inFeatures, tokens);
        var random = new Random(seed);
        Weight = [.. Enumerable.Range(0, outFeatures * inFeatures).Select(_ => Bell(random))];
        var factors = Math.Max(2, inFeatures / 4);
        var mixing = Enumerable.Range(0, factors * inFeatures).Select(_ => Bell(random)).ToArray();
        Inputs = new float[tokens * inFeatures];
        var hidden = new float[factors];
        for (var token = 0; token < tokens; token++)
        {
            for (var factor = 0; factor < factors; factor++) hidden[factor] = Bell(random);
            for (var column = 0; column < inFeatures; column++)
            {
                var value = 0.5f * Bell(random);
                for (var factor = 0; factor < factors; factor++) value += hidden[factor] * mixing[(factor * inFeatures) + column];
                Inputs[(token * inFeatures) + column] = value;
            }
        }
    }

    public int OutFeatures { get; }

    public int InFeatures { get; }

    public int Tokens { get; }

    public float[] Weight { get; }

    public float[] Inputs { get; }

    public HessianAccumulator Hessian(float scale = 1)
    {
        var hessian = new HessianAccumulator(InFeatures);
        hessian.Add(Inputs.Select(value => value * scale).ToArray(), Tokens, "layer", "0");
        return hessian;
    }

    public SolveResult Solve(SolverOptions options, int threads = 2, float scale = 1)
    {
        var solver = SolverUnderTest.Create(threads);
        using var factor = options.Method == SolverMethod.Rtn ? null : solver.Factor(Hessian(scale), options);
        return solver.Solve(factor, "layer", Weight, OutFeatures, InFeatures, options);
    }

    /// <summary>tr((W − Q)·X·Xᵀ·(W − Q)ᵀ), without damping.</summary>
    public double ProxyLoss(QuantizedLinear linear) => OutputDistance(linear, Inputs);

    /// <summary>‖Q·X − W·Y‖² where X is this layer's input and Y another one.</summary>
    public double OutputDistance(QuantizedLinear linear, float[] targetInputs)
    {
        var quantized = new float[Weight.Length];
        linear.Dequantize(quantized);
        var sum = 0.0;
        for (var token = 0; token < Tokens; token++)
        {
            for (var row = 0; row < OutFeatures; row++)
            {
                var difference = 0.0;
                for (var column = 0; column < InFeatures; column++)
                {
                    difference += ((double)quantized[(row * InFeatures) + column] * Inputs[(token * InFeatures) + column])
                        - ((double)Weight[(row * InFeatures) + column] * targetInputs[(token * InFeatures) + column]);
                }
                sum += difference * difference;
            }
        }
        return sum;
    }

    private static float Bell(Random random) => random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f;
}
