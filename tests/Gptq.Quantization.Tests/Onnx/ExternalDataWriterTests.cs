using Gptq.Onnx;
using Gptq.Quantization.Tests.Checkpoints.Support;

namespace Gptq.Quantization.Tests.Onnx;

public sealed class ExternalDataWriterTests
{
    [Fact]
    public void Large_tensors_start_on_a_page_and_small_ones_on_a_cache_line()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("weights.data");
        using (var data = new ExternalDataWriter(path))
        {
            Assert.Equal("0", Offset(Append(data, 5, 1)));
            Assert.Equal("64", Offset(Append(data, 10, 2)));
            Assert.Equal("4096", Offset(Append(data, 5000, 3)));
            Assert.Equal("9152", Offset(Append(data, 1, 4)));
        }

        var bytes = File.ReadAllBytes(path);
        Assert.Equal(9153, bytes.Length);
        Assert.All(bytes[5..64], value => Assert.Equal(0, value));
        Assert.All(bytes[4096..9096], value => Assert.Equal(3, value));
    }

    [Fact]
    public void A_model_names_the_file_and_the_place()
    {
        using var folder = new TemporaryFolder();
        using var data = new ExternalDataWriter(folder.At("weights.data"));
        var graph = new GraphBuilder("g", data);
        graph.External("w", ElementType.UInt8, [3], 3, stream => stream.Write([1, 2, 3]));
        graph.External("w", ElementType.UInt8, [3], 3, _ => Assert.Fail("The tensor is there already."));
        var tensor = Assert.Single(graph.ToModel().Graph.Initializer);
        Assert.Equal([("location", "weights.data"), ("offset", "0"), ("length", "3")], tensor.ExternalData.Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public void A_tensor_of_another_size_than_announced_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var data = new ExternalDataWriter(folder.At("weights.data"));
        Assert.Throws<InvalidOperationException>(() => data.Append(4, stream => stream.Write([1, 2, 3])));
    }

    [Fact]
    public void An_existing_file_is_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("weights.data", "mine");
        Assert.Throws<IOException>(() => new ExternalDataWriter(path));
        Assert.Equal("mine", File.ReadAllText(path));
    }

    private static IReadOnlyList<Gptq.Onnx.Protocol.StringStringEntryProto> Append(ExternalDataWriter data, int length, byte value)
    {
        var bytes = new byte[length];
        Array.Fill(bytes, value);
        return data.Append(length, stream => stream.Write(bytes));
    }

    private static string Offset(IReadOnlyList<Gptq.Onnx.Protocol.StringStringEntryProto> entries) => entries.Single(entry => entry.Key == "offset").Value;
}
