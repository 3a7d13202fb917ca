using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>
/// A checkpoint that is quantized already, in AutoGPTQ's layout. Its linears come out as they are (<see cref="ReadLinear"/>), and besides, as a
/// source of tensors, it looks like the float checkpoint that it stands for: <c>name.weight</c> is what the codes of <c>name</c> mean.
/// </summary>
public sealed class AutoGptqCheckpoint : ITensorSource
{
    private const string Weight = ".weight";
    private const string QWeight = ".qweight";
    private static readonly string[] Parts = [QWeight, ".qzeros", ".scales", ".g_idx"];

    private readonly ITensorSource _stored;
    private readonly AutoGptqConfig _config;
    private readonly bool _transposed;
    private readonly Dictionary<string, (int InFeatures, int OutFeatures)> _modules;
    private readonly Lock _gate = new();
    private (string Name, float[] Weights) _last = ("", []);

    /// <summary>Looks at a checkpoint.</summary>
    /// <param name="stored">Its tensors; the caller disposes of them.</param>
    /// <param name="config">How it was quantized.</param>
    /// <param name="transposed">Whether the float checkpoint of this architecture stores linears as [in, out] (GPT-2).</param>
    /// <exception cref="GptqException">GPTQ2219: the tensors of a linear are missing or contradict one another.</exception>
    public AutoGptqCheckpoint(ITensorSource stored, AutoGptqConfig config, bool transposed = false)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(config);
        _stored = stored;
        _config = config;
        _transposed = transposed;
        _modules = stored.Tensors.Keys.Where(name => name.EndsWith(QWeight, StringComparison.Ordinal))
            .Select(name => name[..^QWeight.Length])
            .ToDictionary(name => name, Measure, StringComparer.Ordinal);

        var tensors = stored.Tensors.Values.Where(tensor => !IsPart(tensor.Name)).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var (name, (inFeatures, outFeatures)) in _modules)
        {
            long[] shape = transposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
            if (!tensors.TryAdd(name + Weight, new TensorInfo(name + Weight, "F32", shape)))
            {
                throw Wrong(name, "it has a float weight as well");
            }
        }

        Tensors = tensors;
    }

    /// <summary>The names of the quantized linears, without ".weight", in ordinal order.</summary>
    public IReadOnlyList<string> Modules => [.. _modules.Keys.Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads a quantized linear, its codes untouched.</summary>
    /// <param name="module">One of <see cref="Modules"/>.</param>
    /// <exception cref="GptqException">GPTQ2219: a group does not exist. GPTQ22xx: a file cannot be read.</exception>
    public QuantizedLinear ReadLinear(string module)
    {
        var config = ConfigOf(module);
        var inFeatures = _modules[module].InFeatures;
        var groupSize = config.ColumnsPerGroup(inFeatures);
        var index = GroupIndex(module);
        var scales = _stored.ReadFloats(module + ".scales");
        if (!Array.TrueForAll(scales, float.IsFinite))
        {
            throw Wrong(module, "a scale is no number");
        }

        return AutoGptqTensors.Unpack(
            _stored.ReadArray<int>(module + QWeight), _stored.ReadArray<int>(module + ".qzeros"), scales, index, config.Bits, inFeatures, groupSize, config.Version);
    }

    /// <summary>How a linear was quantized.</summary>
    /// <param name="module">One of <see cref="Modules"/>.</param>
    public AutoGptqConfig ConfigOf(string module) => _modules.ContainsKey(module)
        ? _config.For(module) ?? throw Wrong(module, "the configuration says that it is not quantized")
        : throw CheckpointErrors.NoSuchTensor(module + QWeight, null);

    /// <summary>Whether the columns of a group stand side by side, so that operators without a column index can hold the linear.</summary>
    /// <param name="module">One of <see cref="Modules"/>.</param>
    /// <exception cref="GptqException">GPTQ2219: a group does not exist. GPTQ22xx: a file cannot be read.</exception>
    public bool IsInOrder(string module)
    {
        var size = ConfigOf(module).ColumnsPerGroup(_modules[module].InFeatures);
        return GroupIndex(module) is not { } index || index.Select((group, column) => group == column / size).All(same => same);
    }

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination)
    {
        if (Module(name) is { } module)
        {
            var weights = Dequantized(module);
            if (destination.Length != weights.Length)
            {
                throw new ArgumentException($"'{name}' has {weights.Length} elements, the destination {destination.Length}.", nameof(destination));
            }

            weights.CopyTo(destination);
        }
        else
        {
            _stored.Read(name, destination);
        }
    }

    /// <inheritdoc/>
    public void ReadRows(string name, long firstRow, Span<float> destination)
    {
        if (Module(name) is { } module)
        {
            var weights = Dequantized(module);
            var width = weights.Length / (int)Tensors[name].Shape[0];
            ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length % width, 0);
            ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, (weights.Length - destination.Length) / width);
            weights.AsSpan((int)firstRow * width, destination.Length).CopyTo(destination);
        }
        else
        {
            _stored.ReadRows(name, firstRow, destination);
        }
    }

    /// <inheritdoc/>
    public void ReadRaw(string name, long firstElement, Span<byte> destination)
    {
        if (Module(name) is { } module)
        {
            var bytes = MemoryMarshal.AsBytes(Dequantized(module).AsSpan());
            ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length % sizeof(float), 0);
            ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(firstElement, (bytes.Length - destination.Length) / sizeof(float));
            bytes.Slice((int)firstElement * sizeof(float), destination.Length).CopyTo(destination);
        }
        else
        {
            _stored.ReadRaw(name, firstElement, destination);
        }
    }

    private static bool IsPart(string name) => Parts.Any(part => name.EndsWith(part, StringComparison.Ordinal));

    private static GptqException Wrong(string module, string what)
        => new("GPTQ2219", $"The quantized linear '{module}' is stored wrongly: {what}. Fetch the checkpoint again, with its config.json and quantize_config.json.");

    private string? Module(string name)
        => name.EndsWith(Weight, StringComparison.Ordinal) && _modules.ContainsKey(name[..^Weight.Length]) ? name[..^Weight.Length] : null;

    private int[]? GroupIndex(string module)
    {
        if (!_stored.Tensors.ContainsKey(module + ".g_idx"))
        {
            return null;
        }

        var inFeatures = _modules[module].InFeatures;
        var size = ConfigOf(module).ColumnsPerGroup(inFeatures);
        var groups = (inFeatures + size - 1) / size;
        var index = _stored.ReadArray<int>(module + ".g_idx");
        return Array.TrueForAll(index, group => group >= 0 && group < groups)
            ? index
            : throw Wrong(module, $"g_idx names a group that is none of its {groups}");
    }

    private (int InFeatures, int OutFeatures) Measure(string module)
    {
        var config = _config.For(module) ?? throw Wrong(module, "the configuration says that it is not quantized");
        var bits = (int)config.Bits;
        if (Shape(module, QWeight) is not [var words, var columns])
        {
            throw Wrong(module, "qweight is no matrix");
        }

        var inFeatures = words * 32 / bits;
        if (words <= 0 || columns <= 0 || words > int.MaxValue / 32 || words * 32 % bits != 0 || columns * bits % 32 != 0 || inFeatures * columns > Array.MaxLength / sizeof(float))
        {
            throw Wrong(module, $"qweight is [{words}, {columns}], which no linear of {bits} bits has");
        }

        var size = config.ColumnsPerGroup((int)inFeatures);
        var groups = (inFeatures + size - 1) / size;
        Require(module, ".scales", groups, columns);
        Require(module, ".qzeros", groups, columns * bits / 32);
        if (_stored.Tensors.ContainsKey(module + ".g_idx"))
        {
            Require(module, ".g_idx", inFeatures);
        }

        return ((int)inFeatures, (int)columns);
    }

    private IReadOnlyList<long> Shape(string module, string part)
        => _stored.Tensors.TryGetValue(module + part, out var tensor) ? tensor.Shape : throw Wrong(module, $"{part[1..]} is missing");

    private void Require(string module, string part, params ReadOnlySpan<long> expected)
    {
        var shape = Shape(module, part);
        if (!shape.SequenceEqual(expected.ToArray()))
        {
            throw Wrong(module, $"{part[1..]} is [{string.Join(", ", shape)}], where qweight, bits and group_size want [{string.Join(", ", expected.ToArray())}]");
        }
    }

    /// <summary>The weights of a linear; the last ones are kept, because large tensors are read in rows.</summary>
    private float[] Dequantized(string module)
    {
        lock (_gate)
        {
            if (_last.Name != module)
            {
                var linear = ReadLinear(module);
                var weights = new float[linear.Codes.Length];
                linear.Dequantize(weights);
                _last = (module, _transposed ? Transpose(weights, linear.OutFeatures, linear.InFeatures) : weights);
            }

            return _last.Weights;
        }
    }

    private static float[] Transpose(float[] weights, int rows, int columns)
    {
        var transposed = new float[weights.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                transposed[(column * rows) + row] = weights[(row * columns) + column];
            }
        }

        return transposed;
    }
}
