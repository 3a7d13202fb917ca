using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gptq.Numerics.Packed;
using Gptq.Onnx;
using Gptq.Onnx.Protocol;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.GptqOperators;

/// <summary>Writes quantized matrices beside a model in the layout of docs/operators.md; the same matrix again is the same tensors.</summary>
internal sealed class PackedTensors
{
    // Weak, so that a model's codes are not all held in memory until the last is written.
    private readonly ConditionalWeakTable<QuantizedLinear, PackedNode> _written = [];

    /// <summary>Adds a matrix to a graph's tensors.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">What the tensors' names start with.</param>
    /// <param name="quantized">The codes.</param>
    public PackedNode Add(GraphBuilder graph, string name, QuantizedLinear quantized)
    {
        if (_written.TryGetValue(quantized, out var known))
        {
            return known;
        }

        var packed = WeightPacker.Pack(
            (PackedFormat)quantized.Bits,
            quantized.OutFeatures,
            quantized.InFeatures,
            quantized.GroupSize,
            quantized.Codes,
            quantized.Scales,
            quantized.Zeros,
            quantized.GroupIndex);
        var layout = packed.Layout;
        var codes = External<byte>(graph, name + ".codes", ElementType.UInt8, [layout.Tiles, layout.Blocks, layout.BlockBytes], packed.Codes);
        var scales = External<Half>(
            graph, name + ".scales", ElementType.Float16, [layout.Tiles, layout.Groups, layout.Levels, PackedLayout.TileRows], packed.Scales);
        var zeros = packed.Zeros is null
            ? ""
            : External<byte>(graph, name + ".zeros", ElementType.UInt8, [layout.Tiles, layout.Groups, layout.ZeroBytesPerGroup], packed.Zeros);
        var columns = packed.Columns is null ? "" : External<int>(graph, name + ".columns", ElementType.Int32, [layout.Columns], packed.Columns);
        var node = new PackedNode(
            layout.Format,
            [codes, scales, zeros, columns],
            [
                Attributes.Int("in_features", quantized.InFeatures),
                Attributes.Int("out_features", quantized.OutFeatures),
                Attributes.Int("bits", (int)quantized.Bits),
                Attributes.Int("group_size", layout.GroupSize),
            ]);
        _written.Add(quantized, node);
        return node;
    }

    private static string External<T>(GraphBuilder graph, string name, ElementType type, ReadOnlySpan<long> shape, T[] values)
        where T : unmanaged =>
        graph.External(name, type, shape, (long)values.Length * Unsafe.SizeOf<T>(), stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
}

/// <summary>What a node that uses a packed matrix has, besides its own input.</summary>
/// <param name="Format">The codes' width.</param>
/// <param name="Inputs">codes, scales, zeros and columns; an empty name where there is none.</param>
/// <param name="Attributes">in_features, out_features, bits and group_size.</param>
internal sealed record PackedNode(PackedFormat Format, string[] Inputs, AttributeProto[] Attributes)
{
    /// <summary>Whether zero points are stored.</summary>
    public bool HasZeros => Inputs[2].Length > 0;

    /// <summary>Whether columns are stored in another order.</summary>
    public bool HasColumns => Inputs[3].Length > 0;
}
