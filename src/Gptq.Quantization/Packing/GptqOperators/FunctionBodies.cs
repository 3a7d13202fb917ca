using Gptq.Numerics.Packed;
using Gptq.Onnx;
using Gptq.Onnx.Protocol;

namespace Gptq.Quantization.Packing.GptqOperators;

/// <summary>
/// The gptq operators in standard ONNX, so that a runtime without them runs a model nevertheless. The bodies unpack the weights to
/// float32: correct, but as large and as slow as a model that was never quantized.
/// </summary>
/// <remarks>Layouts and names are those of docs/operators.md: T tiles, B blocks, G groups, C stored columns.</remarks>
internal static class FunctionBodies
{
    private static readonly string[] s_attributes = ["in_features", "out_features", "bits", "group_size"];

    /// <summary>gptq.MatMul for a format, with the optional inputs that a node has.</summary>
    public static FunctionProto MatMul(PackedFormat format, bool hasZeros, bool hasColumns, bool hasBias)
    {
        var function = new FunctionBuilder(
            GptqEmitter.Domain,
            "MatMul",
            Overload(format, hasZeros, hasColumns) + (hasBias ? "_bias" : ""),
            ["x", "codes", "scales", "zeros", "columns", .. (ReadOnlySpan<string>)(hasBias ? ["bias"] : [])],
            [.. s_attributes, "activation_bits"]);
        var weight = Weight(function, format, hasZeros, hasColumns);
        var product = function.Node("MatMul", ["x", function.Node("Transpose", [weight], Attributes.Ints("perm", 1, 0))]);
        return function.Build(hasBias ? function.Node("Add", [product, "bias"]) : product);
    }

    /// <summary>gptq.Gather for a format, with the optional inputs that a node has.</summary>
    public static FunctionProto Gather(PackedFormat format, bool hasZeros, bool hasColumns)
    {
        var function = new FunctionBuilder(
            GptqEmitter.Domain, "Gather", Overload(format, hasZeros, hasColumns), ["ids", "codes", "scales", "zeros", "columns"], s_attributes);
        return function.Build(function.Node("Gather", [Weight(function, format, hasZeros, hasColumns), "ids"]));
    }

    private static string Overload(PackedFormat format, bool hasZeros, bool hasColumns) =>
        $"{format}{(hasZeros ? "_zeros" : "")}{(hasColumns ? "_columns" : "")}".ToLowerInvariant();

    /// <summary>[out_features, in_features].</summary>
    private static string Weight(FunctionBuilder f, PackedFormat format, bool hasZeros, bool hasColumns)
    {
        var codes = Codes(f, format);
        var columnCount = f.Node("Squeeze", [f.Node("Shape", [codes], Attributes.Int("start", 2))]);
        var groups = f.Node("Div", [f.Node("Range", [f.Scalar(0), columnCount, f.Scalar(1)]), f.Attribute("group_size")]);

        // [T, levels, 16, G], then one level at a time [T, 16, C].
        var scales = f.Node("Transpose", [Cast(f, "scales", ElementType.Float)], Attributes.Ints("perm", 0, 2, 3, 1));
        string weight;
        if (format == PackedFormat.Ternary)
        {
            // Codes are 2 for the positive level and 1 for the negative one: c (c − 1) / 2 and c (2 − c) tell them apart.
            var positive = f.Node("Div", [f.Node("Mul", [codes, f.Node("Sub", [codes, f.Scalar(1f)])]), f.Scalar(2f)]);
            var negative = f.Node("Mul", [codes, f.Node("Sub", [f.Scalar(2f), codes])]);
            weight = f.Node("Add", [f.Node("Mul", [positive, Level(f, scales, 0, groups)]), f.Node("Mul", [negative, Level(f, scales, 1, groups)])]);
        }
        else
        {
            var zeros = hasZeros ? Zeros(f, format, groups) : f.Scalar((float)(1 << ((int)format - 1)));
            weight = f.Node("Mul", [f.Node("Sub", [codes, zeros]), Level(f, scales, 0, groups)]);
        }

        var rows = f.Node("Flatten", [weight], Attributes.Int("axis", 2));
        rows = f.Node("Slice", [rows, f.Constant(0), Vector(f, "out_features"), f.Constant(0)]);
        return hasColumns ? InOrder(f, rows, columnCount) : f.Node("Slice", [rows, f.Constant(0), Vector(f, "in_features"), f.Constant(1)]);
    }

    /// <summary>The codes as float, [T, 16, C].</summary>
    private static string Codes(FunctionBuilder f, PackedFormat format)
    {
        var bits = format == PackedFormat.Ternary ? 2 : (int)format;
        var vectors = f.Node("Reshape", ["codes", f.Constant(0, 0, bits, 64)]);
        var codes = format switch
        {
            PackedFormat.Bits8 => vectors,
            PackedFormat.Bits4 => Bits(f, vectors, [0, 0, 1, 1, 2, 2, 3, 3], [0, 4, 0, 4, 0, 4, 0, 4], [15, 15, 15, 15, 15, 15, 15, 15]),
            PackedFormat.Bits3 => f.Node(
                "BitwiseOr",
                [
                    Bits(f, vectors, [0, 0, 1, 1, 2, 2, 0, 1], [0, 3, 0, 3, 0, 3, 6, 6], [7, 7, 7, 7, 7, 7, 3, 3]),
                    Bits(f, vectors, [2, 2, 2, 2, 2, 2, 2, 2], [0, 0, 0, 0, 0, 0, 4, 5], [0, 0, 0, 0, 0, 0, 4, 4]),
                ]),
            _ => Bits(f, vectors, [0, 0, 0, 0, 1, 1, 1, 1], [0, 2, 4, 6, 0, 2, 4, 6], [3, 3, 3, 3, 3, 3, 3, 3]),
        };

        // [T, B, j, 16, b] → [T, 16, B, j, b] → [T, 16, C].
        var cells = f.Node("Reshape", [Cast(f, codes, ElementType.Float), f.Constant(0, 0, 8, 16, 4)]);
        cells = f.Node("Transpose", [cells], Attributes.Ints("perm", 0, 3, 1, 2, 4));
        return f.Node("Reshape", [cells, f.Constant(0, 16, -1)]);
    }

    /// <summary>For each j of 0…7: vector[j] shifted right and masked, [T, B, 8, 64].</summary>
    private static string Bits(FunctionBuilder f, string vectors, ReadOnlySpan<long> vector, ReadOnlySpan<byte> shift, ReadOnlySpan<byte> mask)
    {
        var picked = f.Node("Gather", [vectors, f.Constant(vector)], Attributes.Int("axis", 2));
        var shifted = f.Node("BitShift", [picked, f.ByteColumn(shift)], Attributes.Text("direction", "RIGHT"));
        return f.Node("BitwiseAnd", [shifted, f.ByteColumn(mask)]);
    }

    /// <summary>One level of the scales for every column, [T, 16, C].</summary>
    private static string Level(FunctionBuilder f, string scales, long level, string groups)
    {
        var one = f.Node("Gather", [scales, f.Scalar(level)], Attributes.Int("axis", 1));
        return f.Node("Gather", [one, groups], Attributes.Int("axis", 2));
    }

    /// <summary>The zero points for every column, [T, 16, C].</summary>
    private static string Zeros(FunctionBuilder f, PackedFormat format, string groups)
    {
        var zeros = format == PackedFormat.Bits8
            ? "zeros"
            : f.Node(
                "Concat",
                [
                    f.Node("BitwiseAnd", ["zeros", f.ByteColumn(15)]),
                    f.Node("BitShift", ["zeros", f.ByteColumn(4)], Attributes.Text("direction", "RIGHT")),
                ],
                Attributes.Int("axis", 2));
        var rows = f.Node("Transpose", [Cast(f, zeros, ElementType.Float)], Attributes.Ints("perm", 0, 2, 1));
        return f.Node("Gather", [rows, groups], Attributes.Int("axis", 2));
    }

    /// <summary>
    /// Columns as the caller counts them. Sorted upwards, <c>columns</c> starts with the padding's −1, and the places of column 0, 1, …
    /// are its last in_features.
    /// </summary>
    private static string InOrder(FunctionBuilder f, string rows, string columnCount)
    {
        var count = f.Node("Reshape", [columnCount, f.Constant(1)]);
        var places = f.Nodes("TopK", ["columns", count], 2, Attributes.Int("largest", 0), Attributes.Int("sorted", 1))[1];
        var start = f.Node("Sub", [count, Vector(f, "in_features")]);
        var last = f.Node("Slice", [places, start, count, f.Constant(0)]);
        return f.Node("Gather", [rows, last], Attributes.Int("axis", 1));
    }

    private static string Vector(FunctionBuilder f, string attribute) => f.Node("Reshape", [f.Attribute(attribute), f.Constant(1)]);

    private static string Cast(FunctionBuilder f, string value, ElementType type) => f.Node("Cast", [value], Attributes.Int("to", (int)type));
}
