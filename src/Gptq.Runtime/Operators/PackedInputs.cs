using Gptq.Numerics.Packed;

namespace Gptq.Runtime.Operators;

/// <summary>The packed matrix of a node, checked once when the session loads it: its tensors stay where ONNX Runtime mapped them.</summary>
internal static unsafe class PackedInputs
{
    /// <summary>Reads inputs codes, scales, zeros and columns, from input 1 on, and the attributes that go with them.</summary>
    /// <exception cref="OperatorException">A tensor does not have the size that the attributes ask for.</exception>
    public static PackedWeights Read(OrtApi api, nint kernelInfo)
    {
        var inFeatures = Attribute(api, kernelInfo, "in_features");
        var outFeatures = Attribute(api, kernelInfo, "out_features");
        var bits = Attribute(api, kernelInfo, "bits");
        var groupSize = Attribute(api, kernelInfo, "group_size");

        var codes = Required(api, kernelInfo, 1, "codes");
        var codesShape = api.Shape(codes);
        if (codesShape.Length != 3 || codesShape[1] is <= 0 or > int.MaxValue / PackedLayout.BlockColumns)
        {
            throw new OperatorException(OperatorException.Node, "codes must have the shape [tiles, blocks, bytes of a block].");
        }

        var layout = new PackedLayout((PackedFormat)bits, outFeatures, (int)codesShape[1] * PackedLayout.BlockColumns, groupSize);
        RequireLength(codesShape, layout.CodeBytes, "codes");
        if (layout.TileBytes <= 0 || inFeatures > layout.Columns)
        {
            throw new OperatorException(OperatorException.Node, $"in_features is {inFeatures}, but codes have {layout.Columns} columns.");
        }

        var scales = Required(api, kernelInfo, 2, "scales");
        RequireLength(api.Shape(scales), layout.ScaleCount, "scales");
        var zeros = api.ConstantInput(kernelInfo, 3);
        if (zeros != 0)
        {
            RequireLength(api.Shape(zeros), layout.ZeroBytes, "zeros");
        }

        var columns = api.ConstantInput(kernelInfo, 4);
        if (columns != 0)
        {
            RequireLength(api.Shape(columns), layout.Columns, "columns");
        }

        return new PackedWeights(
            layout,
            inFeatures,
            (byte*)api.TensorData(codes),
            (Half*)api.TensorData(scales),
            zeros == 0 ? null : (byte*)api.TensorData(zeros),
            columns == 0 ? null : (int*)api.TensorData(columns));
    }

    /// <summary>Fails unless a tensor has so many elements.</summary>
    public static void RequireLength(long[] shape, long expected, string name)
    {
        var actual = shape.Aggregate(1L, (count, extent) => count * extent);
        if (actual != expected)
        {
            throw new OperatorException(OperatorException.Node, $"{name} must have {expected} elements, not {actual} ([{string.Join(", ", shape)}]).");
        }
    }

    private static nint Required(OrtApi api, nint kernelInfo, int index, string name)
    {
        var value = api.ConstantInput(kernelInfo, index);
        return value != 0 ? value : throw new OperatorException(OperatorException.Node, $"Input {index} ({name}) is missing.");
    }

    private static int Attribute(OrtApi api, nint kernelInfo, string name) =>
        api.Attribute(kernelInfo, name) is { } value and >= 0 and <= int.MaxValue
            ? (int)value
            : throw new OperatorException(OperatorException.Node, $"Attribute {name} is missing or out of range.");
}
