using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Calibration.Devices;

/// <summary>Graphs of one node that move values to a device and back: bound inputs and outputs say where they are.</summary>
internal static class TransferGraphs
{
    public const string Value = "value";
    public const string Result = "result";
    public const string Start = "start";
    public const string End = "end";

    private static readonly ConcurrentDictionary<(ElementType To, int Rank), byte[]> s_copies = new();

    /// <summary>A float32 tensor as another type, or as it is.</summary>
    public static byte[] Copy(ElementType to, int rank) => s_copies.GetOrAdd((to, rank), static key =>
    {
        var graph = new GraphBuilder("copy");
        var shape = Shape(key.Rank);
        var value = graph.Input(Value, ElementType.Float, shape);
        graph.NamedNode(Result, "Cast", [value], Attributes.Int("to", (long)key.To));
        graph.Output(Result, key.To, shape);
        return graph.ToModel().ToByteArray();
    });

    /// <summary>A square matrix of zeros, [size, size].</summary>
    public static byte[] Zeros { get; } = BuildZeros();

    /// <summary>Some rows of a float32 matrix.</summary>
    public static byte[] Rows { get; } = BuildRows();

    private static Dimension[] Shape(int rank) => [.. Enumerable.Range(0, rank).Select(axis => (Dimension)string.Create(CultureInfo.InvariantCulture, $"d{axis}"))];

    private static byte[] BuildZeros()
    {
        var graph = new GraphBuilder("zeros");
        graph.NamedNode(Result, "ConstantOfShape", [graph.Input(Value, ElementType.Int64, 2)]);
        graph.Output(Result, ElementType.Float, "rows", "columns");
        return graph.ToModel().ToByteArray();
    }

    private static byte[] BuildRows()
    {
        var graph = new GraphBuilder("rows");
        var value = graph.Input(Value, ElementType.Float, "rows", "columns");
        graph.Rename(graph.Slice(value, graph.Input(Start, ElementType.Int64, 1), graph.Input(End, ElementType.Int64, 1), 0), Result);
        graph.Output(Result, ElementType.Float, "some", "columns");
        return graph.ToModel().ToByteArray();
    }
}
