using Gptq.Numerics.Packed;
using Gptq.Onnx;
using Gptq.Quantization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Solver;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Tests.Operators;

/// <summary>A model of one gptq operator in a temporary folder, and the codes that it holds.</summary>
internal sealed class OperatorModel : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-operators").FullName;

    private OperatorModel(QuantizedLinear quantized) => Quantized = quantized;

    public QuantizedLinear Quantized { get; }

    public string File => Path.Combine(_folder, "model.onnx");

    /// <summary>ids → gptq.Gather → gptq.MatMul → y where <paramref name="isTied"/>, else x → gptq.MatMul → y.</summary>
    public static OperatorModel Create(QuantizedLinear quantized, float[]? bias = null, bool isTied = false, ActivationPrecision precision = ActivationPrecision.Bits16)
    {
        var model = new OperatorModel(quantized);
        using (var data = new ExternalDataWriter(Path.Combine(model._folder, "weights.bin")))
        {
            var graph = new GraphBuilder("test", data);
            var emitter = new GptqEmitter(_ => quantized, _ => quantized, precision);
            var input = isTied
                ? emitter.Emit(
                    graph,
                    new EmbeddingModule("table", quantized.OutFeatures, quantized.InFeatures),
                    graph.Input("ids", ElementType.Int64, "batch", "sequence"))
                : graph.Input("x", ElementType.Float, "batch", "sequence", quantized.InFeatures);
            var added = bias is null
                ? null
                : graph.Inline("bias", ElementType.Float, [bias.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes(bias.AsSpan()));
            var output = emitter.Emit(graph, new LinearModule("linear", 0, quantized.InFeatures, quantized.OutFeatures, 0), input, added);
            graph.Output(graph.NamedNode("y", "Identity", [output]), ElementType.Float, "batch", "sequence", quantized.OutFeatures);
            ModelFile.Save(graph.ToModel(), model.File);
        }

        return model;
    }

    /// <summary>Random codes.</summary>
    public static QuantizedLinear Random(BitWidth bits, int outFeatures, int inFeatures, int groupSize, bool symmetric, bool shuffled = false)
    {
        var random = new Random(5);
        var levels = bits == BitWidth.Ternary ? 3 : 1 << (int)bits;
        var groups = (inFeatures + groupSize - 1) / groupSize;
        var codes = new byte[outFeatures * inFeatures];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = (byte)random.Next(levels);
        var scales = new float[outFeatures * groups];
        var zeros = new float[outFeatures * groups];
        for (var i = 0; i < scales.Length; i++)
        {
            scales[i] = (float)(Half)(0.01 + (0.01 * random.NextDouble()));
            zeros[i] = bits == BitWidth.Ternary ? -(float)(Half)(0.01 + (0.01 * random.NextDouble()))
                : symmetric ? levels / 2
                : random.Next(levels);
        }

        int[]? groupIndex = null;
        if (shuffled)
        {
            groupIndex = [.. Enumerable.Range(0, inFeatures).Select(column => column / groupSize)];
            random.Shuffle(groupIndex);
        }

        return new QuantizedLinear(outFeatures, inFeatures, bits, groupSize, codes, scales, zeros, groupIndex);
    }

    /// <summary>x Wᵀ + bias in double precision.</summary>
    public double[] Expected(float[] x, float[]? bias = null)
    {
        var weights = Weights();
        var (rows, inFeatures, outFeatures) = (x.Length / Quantized.InFeatures, Quantized.InFeatures, Quantized.OutFeatures);
        var y = new double[rows * outFeatures];
        for (var i = 0; i < y.Length; i++)
        {
            var (row, output) = Math.DivRem(i, outFeatures);
            y[i] = bias?[output] ?? 0;
            for (var column = 0; column < inFeatures; column++)
                y[i] += (double)weights[(output * inFeatures) + column] * x[(row * inFeatures) + column];
        }

        return y;
    }

    /// <summary>[out, in].</summary>
    public float[] Weights()
    {
        var weights = new float[Quantized.Codes.Length];
        Quantized.Dequantize(weights);
        return weights;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
