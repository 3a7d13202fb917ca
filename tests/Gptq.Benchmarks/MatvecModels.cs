using System.Globalization;
using System.Runtime.InteropServices;
using Gptq.Numerics.Packed;
using Gptq.Onnx;

namespace Gptq.Benchmarks;

/// <summary>Models of products with random weights in a temporary folder: several matrices of one shape, groups of 128, real zero points.</summary>
internal sealed class MatvecModels(int inFeatures, int outFeatures) : IDisposable
{
    private const int Group = 128;

    // Twice a large last-level cache.
    private const long BytesTogether = 96L << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-matvec").FullName;
    private readonly Random _random = new(1);

    /// <param name="File">The model.</param>
    /// <param name="Copies">Matrices in it.</param>
    /// <param name="Bytes">Bytes of one.</param>
    internal sealed record Model(string File, int Copies, long Bytes);

    public Model Float()
    {
        var bytes = 4L * inFeatures * outFeatures;
        return Create("fp32", bytes, (graph, x, name) =>
            graph.Node("MatMul", [x, graph.External(name, ElementType.Float, [inFeatures, outFeatures], bytes, stream => Floats(stream, bytes / 4))]));
    }

    public Model NBits(int bits, int accuracyLevel)
    {
        long blocks = inFeatures / Group, codeBytes = (long)outFeatures * inFeatures * bits / 8, zeroBytes = ((blocks * bits) + 7) / 8;
        var name = string.Create(CultureInfo.InvariantCulture, $"nbits{bits}-{accuracyLevel}");
        return Create(name, codeBytes + (4 * outFeatures * blocks) + (outFeatures * zeroBytes), (graph, x, name) => graph.Node(
            Domains.Microsoft,
            "MatMulNBits",
            [
                x,
                graph.External(name + ".codes", ElementType.UInt8, [outFeatures, blocks, Group * bits / 8], codeBytes, stream => Bytes(stream, codeBytes)),
                graph.External(name + ".scales", ElementType.Float, [outFeatures, blocks], 4 * outFeatures * blocks, stream => Floats(stream, outFeatures * blocks)),
                graph.External(name + ".zeros", ElementType.UInt8, [outFeatures, zeroBytes], outFeatures * zeroBytes, stream => Bytes(stream, outFeatures * zeroBytes)),
            ],
            Attributes.Int("K", inFeatures),
            Attributes.Int("N", outFeatures),
            Attributes.Int("bits", bits),
            Attributes.Int("block_size", Group),
            Attributes.Int("accuracy_level", accuracyLevel)));
    }

    public Model Packed(PackedFormat format)
    {
        var layout = new PackedLayout(format, outFeatures, inFeatures, Group);
        var zeroBytes = format == PackedFormat.Ternary ? 0 : layout.ZeroBytes;
        return Create($"gptq-{format}", layout.CodeBytes + (2 * layout.ScaleCount) + zeroBytes, (graph, x, name) => graph.Node(
            "gptq",
            "MatMul",
            [
                x,
                graph.External(name + ".codes", ElementType.UInt8, [layout.Tiles, layout.Blocks, layout.BlockBytes], layout.CodeBytes, stream => Bytes(stream, layout.CodeBytes)),
                graph.External(name + ".scales", ElementType.Float16, [layout.ScaleCount], 2 * layout.ScaleCount, stream => Halves(stream, layout.ScaleCount)),
                zeroBytes == 0 ? "" : graph.External(name + ".zeros", ElementType.UInt8, [zeroBytes], zeroBytes, stream => Bytes(stream, zeroBytes)),
            ],
            Attributes.Int("in_features", inFeatures),
            Attributes.Int("out_features", outFeatures),
            Attributes.Int("bits", (int)format),
            Attributes.Int("group_size", Group)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Model Create(string name, long bytes, Func<GraphBuilder, string, string, string> product)
    {
        var file = Path.Combine(_folder, name + ".onnx");
        var copies = (int)Math.Max(1, (BytesTogether + bytes - 1) / bytes);
        // Another count of threads runs the same model.
        if (File.Exists(file)) return new Model(file, copies, bytes);
        using var data = new ExternalDataWriter(Path.Combine(_folder, name + ".bin"));
        var graph = new GraphBuilder(name, data);
        var x = graph.Input("x", ElementType.Float, "rows", inFeatures);
        for (var copy = 0; copy < copies; copy++)
        {
            var index = copy.ToString(CultureInfo.InvariantCulture);
            graph.Output(graph.NamedNode("y" + index, "Identity", [product(graph, x, "w" + index)]), ElementType.Float, "rows", outFeatures);
        }

        ModelFile.Save(graph.ToModel(), file);
        return new Model(file, copies, bytes);
    }

    private void Bytes(Stream stream, long count)
    {
        var buffer = new byte[1 << 16];
        for (var left = count; left > 0; left -= buffer.Length)
        {
            _random.NextBytes(buffer);
            stream.Write(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
        }
    }

    private void Floats(Stream stream, long count)
    {
        var buffer = new float[1 << 14];
        for (var left = count; left > 0; left -= buffer.Length)
        {
            foreach (ref var value in buffer.AsSpan())
                value = _random.NextSingle() * 0.01f;
            stream.Write(MemoryMarshal.AsBytes(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length))));
        }
    }

    private void Halves(Stream stream, long count)
    {
        var buffer = new Half[1 << 14];
        for (var left = count; left > 0; left -= buffer.Length)
        {
            foreach (ref var value in buffer.AsSpan())
                value = (Half)(_random.NextSingle() * 0.01f);
            stream.Write(MemoryMarshal.AsBytes(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length))));
        }
    }
}
