using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Quantization.Tests.Checkpoints.Support;

namespace Gptq.Quantization.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryFloatingPointTypeIsReadAsFloat32()
    {
        float[] expected = [1, -2, 0.5f, 65504, 0, -0.25f];
        using var file = Open(SafetensorsBytes.Of(
            ("f64", "F64", [2, 3], Bytes<double>([.. expected.Select(value => (double)value)])),
            ("f32", "F32", [2, 3], Bytes(expected)),
            ("f16", "F16", [2, 3], Bytes<Half>([.. expected.Select(value => (Half)value)])),
            ("bf16", "BF16", [5], Bytes<ushort>([0x3F80, 0xC000, 0x3F00, 0, 0xBE80]))));
        Assert.Equal(expected, file.ReadFloats("f64"));
        Assert.Equal(expected, file.ReadFloats("f32"));
        Assert.Equal(expected, file.ReadFloats("f16"));
        Assert.Equal([1, -2, 0.5f, 0, -0.25f], file.ReadFloats("bf16"));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([2, 3], file.Tensors["f16"].Shape);
        Assert.Equal("BF16", file.Tensors["bf16"].DataType);
    }

    [Fact]
    public void IntegersAreReadAsTheyAreAndNeverAsFloats()
    {
        using var file = Open(SafetensorsBytes.Of(
            ("i32", "I32", [3], Bytes([1, -2, int.MaxValue])), ("i64", "I64", [1], Bytes([long.MinValue])), ("u8", "U8", [2], [7, 255])));
        Assert.Equal([1, -2, int.MaxValue], file.ReadArray<int>("i32"));
        Assert.Equal([long.MinValue], file.ReadArray<long>("i64"));
        Assert.Equal([7, 255], file.ReadArray<byte>("u8"));
        Assert.Equal("GPTQ2204", Assert.Throws<GptqException>(() => file.ReadArray<int>("i64")).Code);
        Assert.Equal("GPTQ2204", Assert.Throws<GptqException>(() => file.ReadFloats("i32")).Code);
    }

    [Fact]
    public void AnEightBitFloatIsRefusedByName()
    {
        using var file = Open(SafetensorsBytes.Of(("w", "F8_E4M3", [2], [1, 2])));
        var error = Assert.Throws<GptqException>(() => file.ReadFloats("w"));
        Assert.Equal("GPTQ2204", error.Code);
        Assert.Contains("F8_E4M3", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2], Raw(file, "w", 0, 2));
    }

    [Fact]
    public void RowsAreReadWithoutTheRest()
    {
        using var file = Open(SafetensorsBytes.Of(
            ("w", "F32", [4, 2], Bytes<float>([0, 1, 10, 11, 20, 21, 30, 31])), ("b", "F32", [3], Bytes<float>([5, 6, 7])), ("s", "F32", [], Bytes<float>([9]))));
        var rows = new float[4];
        file.ReadRows("w", 1, rows);
        Assert.Equal([10, 11, 20, 21], rows);
        var one = new float[1];
        file.ReadRows("b", 2, one);
        Assert.Equal(7, one[0]);
        file.ReadRows("s", 0, one);
        Assert.Equal(9, one[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows("w", 3, rows));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows("w", -1, rows));
        Assert.Throws<ArgumentException>(() => file.ReadRows("w", 0, new float[3]));
        Assert.Throws<ArgumentException>(() => file.Read("w", rows));
    }

    [Fact]
    public void TensorsWithoutElementsAreRead()
    {
        using var file = Open(SafetensorsBytes.Of(("e", "F32", [0, 5], []), ("w", "F32", [1], Bytes<float>([3]))));
        Assert.Empty(file.ReadFloats("e"));
        file.ReadRows("e", 0, []);
        Assert.Equal([3], file.ReadFloats("w"));
    }

    [Fact]
    public void AnUnknownTensorIsNamed()
    {
        using var file = Open(SafetensorsBytes.Of(("w", "F32", [1], new byte[4])));
        var error = Assert.Throws<GptqException>(() => file.ReadFloats("v"));
        Assert.Equal("GPTQ2208", error.Code);
        Assert.Contains("'v'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorOfMoreThanFourGigabytesIsReadInPieces()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows would write the gap.");
        const long Rows = (1L << 32) + 5;
        var header = $$$"""{"w":{"dtype":"F16","shape":[{{{Rows}}},1],"data_offsets":[0,{{{2 * Rows}}}]}}""";
        var path = _folder.Write("big.safetensors", SafetensorsBytes.Of(header, 0));
        using (var stream = File.OpenWrite(path))
        {
            // Sparse: only the last rows take space on disk.
            stream.Seek(0, SeekOrigin.End);
            var start = stream.Position;
            stream.Position = start + (2 * (Rows - 3));
            stream.Write(Bytes<Half>([(Half)1, (Half)2, (Half)3]));
        }

        using var file = SafetensorsFile.Open(path);
        var rows = new float[5];
        file.ReadRows("w", Rows - 5, rows);
        Assert.Equal([0, 0, 1, 2, 3], rows);
        Assert.Equal("GPTQ2209", Assert.Throws<GptqException>(() => file.ReadFloats("w")).Code);
    }

    [Fact]
    public void AFileThatBecameShorterIsAnErrorAndNoCrash()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not let anybody shorten a mapped file.");
        using var file = Open(SafetensorsBytes.Of(("w", "F32", [4096], new byte[4 * 4096])));
        using (var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.SetLength(64);
        }

        Assert.Equal("GPTQ2210", Assert.Throws<GptqException>(() => file.ReadFloats("w")).Code);
    }

    [Theory]
    [InlineData("", "GPTQ2202")]
    [InlineData("[]", "GPTQ2202")]
    [InlineData("{", "GPTQ2202")]
    [InlineData("""{"w":[]}""", "GPTQ2202")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} {}""", "GPTQ2202")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "GPTQ2202")]
    [InlineData("""{"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "GPTQ2202")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "GPTQ2202")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "GPTQ2203")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "GPTQ2203")]
    public void AWrongHeaderIsRefused(string header, string code)
    {
        var error = Assert.Throws<GptqException>(() => Open(SafetensorsBytes.Of(header, 8)));
        Assert.Equal(code, error.Code);
        Assert.Equal(_folder.At("model.safetensors"), error.File);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void AFileTooShortForAHeaderIsRefused(int length)
        => Assert.Equal("GPTQ2202", Assert.Throws<GptqException>(() => Open(new byte[length])).Code);

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(100_000_001UL)]
    [InlineData(9UL)]
    public void AHeaderLongerThanTheFileIsRefusedBeforeMemoryIsTaken(ulong length)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("GPTQ2202", Assert.Throws<GptqException>(() => Open(bytes)).Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        var error = Assert.Throws<GptqException>(() => SafetensorsFile.Open(_folder.At("no.safetensors")));
        Assert.Equal("GPTQ2207", error.Code);
        Assert.Contains("no.safetensors", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged
        => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static byte[] Raw(SafetensorsFile source, string name, long first, int length)
    {
        var bytes = new byte[length];
        source.ReadRaw(name, first, bytes);
        return bytes;
    }

    private SafetensorsFile Open(byte[] bytes) => SafetensorsFile.Open(_folder.Write("model.safetensors", bytes));
}
