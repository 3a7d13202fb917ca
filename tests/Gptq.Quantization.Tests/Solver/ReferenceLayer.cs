using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>One layer as the reference implementation quantized it.</summary>
internal sealed class ReferenceLayer
{
    private readonly JsonElement _header;
    private readonly byte[] _data;

    public ReferenceLayer(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var length = BitConverter.ToInt32(bytes, 0);
        _header = JsonDocument.Parse(bytes.AsMemory(8, length)).RootElement;
        _data = bytes[(8 + length)..];
        Name = Path.GetFileNameWithoutExtension(path);
        OutFeatures = Extent("weight", 0);
        InFeatures = Extent("weight", 1);
        Samples = Extent("inputs", 0);
        Tokens = Extent("inputs", 1);
    }

    public string Name { get; }

    public int OutFeatures { get; }

    public int InFeatures { get; }

    public int Samples { get; }

    public int Tokens { get; }

    public float[] Weight => Floats("weight");

    public float[] Inputs => Floats("inputs");

    public float[] Quantized => Floats("quantized");

    public float[] Scales => Floats("scales");

    public float[] Zeros => Floats("zeros");

    public int[] GroupIndex => MemoryMarshal.Cast<byte, int>(Bytes("g_idx")).ToArray();

    public double Loss => Number("loss");

    public double OutputError => Number("gptq_output_error");

    public double RtnOutputError => Number("rtn_output_error");

    public SolverOptions Options => new()
    {
        Bits = Text("trits") == "true" ? BitWidth.Ternary : (BitWidth)int.Parse(Text("bits")!, CultureInfo.InvariantCulture),
        GroupSize = int.Parse(Text("group") ?? "-1", CultureInfo.InvariantCulture),
        Symmetric = Text("sym") == "true",
        MseSearch = Text("mse") == "true",
        StaticGroups = Text("static") == "true",
        ActOrder = Text("actorder") != "true" ? ActOrder.None : Text("static") == "true" ? ActOrder.Static : ActOrder.Dynamic,
    };

    public HessianAccumulator Hessian()
    {
        var hessian = new HessianAccumulator(InFeatures);
        var inputs = Inputs;
        for (var sample = 0; sample < Samples; sample++)
            hessian.Add(inputs.AsSpan(sample * Tokens * InFeatures, Tokens * InFeatures), Tokens, Name, $"{sample}");
        return hessian;
    }

    /// <summary>‖X(Q − W)ᵀ‖ / ‖XWᵀ‖.</summary>
    public double OutputErrorOf(float[] quantized)
    {
        var (weight, inputs) = (Weight, Inputs);
        double error = 0, output = 0;
        for (var token = 0; token < Samples * Tokens; token++)
        {
            for (var row = 0; row < OutFeatures; row++)
            {
                double difference = 0, value = 0;
                for (var column = 0; column < InFeatures; column++)
                {
                    double x = inputs[(token * InFeatures) + column], w = weight[(row * InFeatures) + column];
                    difference += x * (quantized[(row * InFeatures) + column] - w);
                    value += x * w;
                }
                error += difference * difference;
                output += value * value;
            }
        }
        return Math.Sqrt(error / output);
    }

    private int Extent(string tensor, int axis) => _header.GetProperty(tensor).GetProperty("shape")[axis].GetInt32();

    private float[] Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor)).ToArray();

    private ReadOnlySpan<byte> Bytes(string tensor)
    {
        var offsets = _header.GetProperty(tensor).GetProperty("data_offsets");
        return _data.AsSpan(offsets[0].GetInt32()..offsets[1].GetInt32());
    }

    private string? Text(string key) => _header.GetProperty("__metadata__").TryGetProperty(key, out var value) ? value.GetString() : null;

    private double Number(string key) => double.Parse(Text(key)!, CultureInfo.InvariantCulture);
}
