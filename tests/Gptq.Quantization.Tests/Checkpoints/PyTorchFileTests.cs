using System.IO.Compression;
using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.PyTorch;
using Gptq.Quantization.Tests.Checkpoints.Support;

namespace Gptq.Quantization.Tests.Checkpoints;

public sealed class PyTorchFileTests : IDisposable
{
    private static readonly byte[] TwoFloats = Bytes<float>([1.5f, -2]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void BothFormatsAreRead()
    {
        using var zip = Open(TorchBytes.Zip(PickleBytes.OneTensor(), ("0", TwoFloats)));
        Assert.Equal([1.5f, -2], zip.ReadFloats("w"));
        using var legacy = Open(TorchBytes.Legacy(PickleBytes.OneTensor(), ("0", 2, TwoFloats)));
        Assert.Equal([1.5f, -2], legacy.ReadFloats("w"));
    }

    [Fact]
    public void ViewsThatAreNotContiguousAreGathered()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(")
            .Text("transposed").Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3])
            .Text("slice").Tensor("FloatStorage", "0", 6, 1, [2, 2], [3, 1])
            .Text("expanded").Tensor("HalfStorage", "1", 2, 0, [3, 2], [0, 1])
            .Text("scalar").Tensor("FloatStorage", "0", 6, 4, [], [])
            .Text("empty").Tensor("FloatStorage", "0", 6, 0, [0, 5], [5, 1])
            .Op('u').Stop();
        using var file = Open(TorchBytes.Zip(pickle, ("0", Bytes<float>([0, 1, 2, 3, 4, 5])), ("1", Bytes<Half>([(Half)7, (Half)8]))));
        Assert.Equal([0, 3, 1, 4, 2, 5], file.ReadFloats("transposed"));
        Assert.Equal([1, 2, 4, 5], file.ReadFloats("slice"));
        Assert.Equal([7, 8, 7, 8, 7, 8], file.ReadFloats("expanded"));
        Assert.Equal([4], file.ReadFloats("scalar"));
        Assert.Empty(file.ReadFloats("empty"));
        var row = new float[2];
        file.ReadRows("transposed", 1, row);
        Assert.Equal([1, 4], row);
        file.ReadRows("expanded", 2, row);
        Assert.Equal([7, 8], row);
    }

    [Fact]
    public void AStateDictionaryInsideACheckpointOfATrainerIsFound()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(")
            .Text("epoch").Number(3)
            .Text("optimizer").Op("}(").Text("exp_avg").Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op('u')
            .Text("state_dict").Op("}(").Text("w").Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op('u')
            .Op('u').Stop();
        using var file = Open(TorchBytes.Zip(pickle, ("0", TwoFloats)));
        Assert.Equal("w", Assert.Single(file.Tensors.Keys));
    }

    [Fact]
    public void ParametersAndNestedDictionariesAreTensors()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(")
            .Text("bias").Global("torch._utils", "_rebuild_parameter").Op('(').Tensor("FloatStorage", "0", 2, 0, [2], [1])
            .Op(0x88).Global("collections", "OrderedDict").Op(")RtR")
            .Text("inner").Op("}(").Text("w").Tensor("FloatStorage", "0", 2, 1, [1], [1]).Op('u')
            .Op('u').Stop();
        using var file = Open(TorchBytes.Zip(pickle, ("0", TwoFloats)));
        Assert.Equal([1.5f, -2], file.ReadFloats("bias"));
        Assert.Equal([-2], file.ReadFloats("inner.w"));
    }

    [Fact]
    public void ATensorBehindFourGigabytesIsRead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows would write the gap.");
        var path = _folder.At("big.bin");
        TorchBytes.WriteZip64(path, 5L << 30, ("model/data.pkl", PickleBytes.OneTensor()), ("model/data/0", TwoFloats));
        Assert.True(new FileInfo(path).Length > 5L << 30);
        using var file = PyTorchFile.Open(path);
        Assert.Equal([1.5f, -2], file.ReadFloats("w"));
    }

    [Fact]
    public void AnOrderedDictionaryMayBeMadeOfPairs()
    {
        var pickle = PickleBytes.Protocol(2).Global("collections", "OrderedDict").Op("](]").Text("w").Op('a').Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op("a")
            .Text("v").Tensor("FloatStorage", "0", 2, 1, [1], [1]).Op(0x86).Op("e").Op(0x85).Op("R.").ToArray();
        using var file = Open(TorchBytes.Zip(pickle, ("0", TwoFloats)));
        Assert.Equal([1.5f, -2], file.ReadFloats("w"));
        Assert.Equal([-2], file.ReadFloats("v"));
    }

    [Fact]
    public void ATensorOfASubclassIsATensor()
    {
        // What PyTorch writes for a tensor with attributes: _rebuild_from_type_v2(function, class, arguments, state).
        var pickle = PickleBytes.Protocol(5).Op("}(").Text("w").Global("torch._tensor", "_rebuild_from_type_v2").Op("(")
            .Global("torch._utils", "_rebuild_tensor_v2").Global("torch.nn.parameter", "Parameter").Op("((")
            .Text("storage").Global("torch", "FloatStorage").Text("0").Text("cuda:0").Number(2).Op("tQ").Number(0)
            .Global("torch", "Size").Numbers(2).Op(0x85).Op("R").Numbers(1).Op(0x89).Global("collections", "OrderedDict").Op(")Rt").Op("}tR")
            .Text("device").Global("torch", "device").Text("cpu").Op(0x85).Op("R")
            .Text("dtype").Global("torch", "float32").Op("u.").ToArray();
        using var file = Open(TorchBytes.Zip(pickle, ("0", TwoFloats)));
        Assert.Equal([1.5f, -2], file.ReadFloats("w"));
        Assert.Single(file.Tensors);
    }

    [Fact]
    public void AnUntypedStorageTakesItsTypeFromTheTensor()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(").Text("w").Global("torch._utils", "_rebuild_tensor_v3").Op("((")
            .Text("storage").Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Number(8).Op("tQ")
            .Number(1).Numbers(3).Numbers(1).Op(0x89).Op("N").Global("torch", "uint16").Op("tR").Op('u').Stop();
        using var file = Open(TorchBytes.Zip(pickle, ("0", Bytes<ushort>([1, 2, 3, 4]))));
        Assert.Equal([2, 3, 4], file.ReadArray<ushort>("w"));
    }

    [Fact]
    public void AViewOfALegacyStorageStartsWhereItSays()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(").Text("w").Global("torch._utils", "_rebuild_tensor").Op("((")
            .Text("storage").Global("torch", "FloatStorage").Text("a").Text("cpu").Number(4).Op('(').Text("view").Number(2).Number(2).Op("ttQ")
            .Number(1).Numbers(1).Numbers(1).Op("tR").Op('u').Stop();
        using var file = Open(TorchBytes.Legacy(pickle, ("a", 4, Bytes<float>([1, 2, 3, 4]))));
        Assert.Equal([4], file.ReadFloats("w"));
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "getattr")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch", "load")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("collections", "OrderedDict.fromkeys")]
    public void AnyOtherFunctionIsRefusedByName(string module, string name)
    {
        var global = PickleBytes.Protocol(2).Op("}").Text("w").Global(module, name).Text("echo owned").Op(0x85).Op("Rs").Stop();
        var stack = PickleBytes.Protocol(4).Op("}").Text("w").Text(module).Text(name).Op(0x93).Text("echo owned").Op(0x85).Op("Rs").Stop();
        foreach (var pickle in new[] { global, stack })
        {
            var error = AssertRefused("GPTQ2215", TorchBytes.Zip(pickle));
            Assert.Contains($"'{module}.{name}'", error.Message, StringComparison.Ordinal);
            AssertRefused("GPTQ2215", TorchBytes.Legacy(pickle));
        }
    }

    [Fact]
    public void ANameCannotControlTheTerminal()
    {
        var error = AssertRefused("GPTQ2215", TorchBytes.Zip(PickleBytes.Protocol(2).Global("os\u001b[2J", new string('x', 200)).Stop()));
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.DoesNotContain(new string('x', 121), error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> DamagedPickles => new()
    {
        { "nothing", "" },
        { "a stack that is empty", "}0." },
        { "no tensors", "}." },
        { "not a dictionary", "N." },
        { "no stop", "}" },
        { "a tuple without a mark", "t." },
        { "a value taken from under a mark", "}(00." },
        { "an unknown memo", "h\x05." },
        { "an unknown operation", "\xff." },
        { "an item set in None", "NNNs." },
        { "an odd number of items", "}(Nu." },
        { "an item appended to a dictionary", "}Na." },
        { "None called", "N)R." },
        { "a class called without a tuple", "ccollections\nOrderedDict\nNR." },
        { "a storage type called", "ctorch\nFloatStorage\n)R." },
        { "a tensor of nothing", "ctorch._utils\n_rebuild_tensor_v2\n)R." },
        { "a state set on a tuple", ")Nb." },
        { "a reference that is no storage", "NQ." },
        { "a reference by text", "P0\n." },
        { "an instance", "(i__main__\nX\n." },
        { "a text longer than the file", "X\xff\xff\xff\x7f." },
        { "a text of 2^63 bytes", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff." },
        { "a text that is no UTF-8", "X\x01\x00\x00\x00\xff." },
        { "a function named by numbers", "K\x01K\x02\x93." },
        { "protocol 0", "\x80\x00}." },
        { "protocol 6", "\x80\x06}." },
    };

    [Theory]
    [MemberData(nameof(DamagedPickles))]
    public void ADamagedPickleIsRefused(string what, string operations)
    {
        var error = AssertRefused("GPTQ2214", TorchBytes.Zip(new PickleBytes().Op(operations).ToArray()));
        Assert.True(error.Message.Length < 600, what);
    }

    public static TheoryData<long, long[], long[], string> WrongTensors => new()
    {
        { 0, [3], [1], "GPTQ2218" },
        { 1, [2], [1], "GPTQ2218" },
        { -1, [2], [1], "GPTQ2218" },
        { 0, [-1], [1], "GPTQ2218" },
        { 1, [2], [-1], "GPTQ2218" },
        { 0, [2], [2], "GPTQ2218" },
        { 0, [2], [1, 1], "GPTQ2218" },
        { 0, [long.MaxValue, 4], [0, 0], "GPTQ2218" },
        { 0, [2, 2], [long.MaxValue, long.MaxValue], "GPTQ2218" },
        { long.MaxValue, [1], [1], "GPTQ2218" },
        { 0, [1 << 25], [0], "GPTQ2216" },
    };

    [Theory]
    [MemberData(nameof(WrongTensors))]
    public void ATensorOutsideItsStorageIsRefused(long offset, long[] shape, long[] strides, string code)
        => AssertRefused(code, TorchBytes.Zip(
            PickleBytes.Protocol(2).Op("}(").Text("w").Tensor("FloatStorage", "0", 2, offset, shape, strides).Op('u').Stop(), ("0", TwoFloats)));

    [Fact]
    public void AStorageThatClaimsMoreThanItsEntryHasIsRefused()
    {
        var pickle = PickleBytes.Protocol(2).Op("}(").Text("w").Tensor("FloatStorage", "0", 3, 0, [3], [1]).Op('u').Stop();
        AssertRefused("GPTQ2218", TorchBytes.Zip(pickle, ("0", TwoFloats)));
        AssertRefused("GPTQ2218", TorchBytes.Legacy(pickle, ("0", 2, TwoFloats)));
        AssertRefused("GPTQ2214", TorchBytes.Legacy(pickle, ("0", 3, TwoFloats)));
        AssertRefused("GPTQ2214", TorchBytes.Legacy(pickle, ("0", long.MaxValue, TwoFloats)));
        AssertRefused("GPTQ2214", TorchBytes.Legacy(pickle, ("0", -1, TwoFloats)));
    }

    [Fact]
    public void AZipThatTorchWouldNotWriteIsRefused()
    {
        var pickle = PickleBytes.OneTensor();
        AssertRefused("GPTQ2217", TorchBytes.Zip(pickle));
        AssertRefused("GPTQ2217", TorchBytes.Zip(CompressionLevel.NoCompression, ("model/other", pickle)));
        AssertRefused("GPTQ2217", TorchBytes.Zip(CompressionLevel.NoCompression, ("a/data.pkl", pickle), ("b/data.pkl", pickle)));
        AssertRefused("GPTQ2217", TorchBytes.Zip(CompressionLevel.Optimal, ("model/data.pkl", [.. pickle, .. new byte[10_000]]), ("model/data/0", TwoFloats)));
        var whole = TorchBytes.Zip(pickle, ("0", TwoFloats));
        AssertRefused("GPTQ2217", whole[..^30]);
        AssertRefused("GPTQ2214", TorchBytes.Zip(
            CompressionLevel.NoCompression, ("m/data.pkl", pickle), ("m/data/0", TwoFloats), ("m/byteorder", "big"u8.ToArray())));
    }

    [Fact]
    public void AGitLfsPointerIsNoCheckpoint()
        => AssertRefused("GPTQ2214", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"u8.ToArray());

    [Fact]
    public void BombsAreRefusedInBoundedMemory()
    {
        // Each dictionary holds the one before it twice: 2^40 paths to one tensor.
        var laughs = PickleBytes.Protocol(2).Op("}").Text("w").Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op("sq\u0000");
        for (byte i = 0; i < 30; i++)
        {
            laughs.Op("}(").Text("a").Op((byte)'h', i).Text("b").Op((byte)'h', i).Op('u').Op((byte)'q', (byte)(i + 1));
        }

        // A dictionary that holds itself.
        var self = PickleBytes.Protocol(2).Op("}q\u0000").Text("a").Op("h\u0000s");
        foreach (var pickle in new[]
        {
            laughs.Stop(),
            self.Stop(),
            PickleBytes.Protocol(2).Op(new string('}', 2_500_000)).Stop(),
            PickleBytes.Protocol(2).Op(new string('(', 2_500_000)).Stop(),
            PickleBytes.Protocol(2).Op("N" + new string('2', 2_500_000)).Stop(),
            PickleBytes.Protocol(4).Op("N" + new string('\x94', 2_500_000)).Stop(),
            PickleBytes.Protocol(2).Op("\x8b\xff\xff\xff\x7f").Stop(),
        })
        {
            AssertRefused("GPTQ2216", TorchBytes.Zip(pickle, ("0", TwoFloats)), 1L << 30);
        }
    }

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged
        => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private PyTorchFile Open(byte[] bytes) => PyTorchFile.Open(_folder.Write("pytorch_model.bin", bytes));

    private GptqException AssertRefused(string code, byte[] bytes, long memory = 1 << 20)
    {
        var path = _folder.Write("pytorch_model.bin", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<GptqException>(() => PyTorchFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, memory);
        Assert.Equal(code, error.Code);
        Assert.Equal(path, error.File);
        return error;
    }
}
