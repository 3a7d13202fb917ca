using System.Buffers.Binary;
using System.Text;

namespace Gptq.Quantization.Tests.Checkpoints.Support;

/// <summary>Writes pickles operation by operation, as torch.save does or as an attacker would.</summary>
internal sealed class PickleBytes
{
    private readonly List<byte> _bytes = [];

    public static PickleBytes Protocol(byte version) => new PickleBytes().Op(0x80, version);

    public byte[] Stop() => Op('.').ToArray();

    public byte[] ToArray() => [.. _bytes];

    public PickleBytes Op(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBytes Op(string operations) => Op(Encoding.Latin1.GetBytes(operations));

    public PickleBytes Op(char operation) => Op((byte)operation);

    public PickleBytes Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Op(length).Op(utf8);
    }

    public PickleBytes Number(long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return Op(0x8a, 8).Op(bytes);
    }

    public PickleBytes Numbers(params ReadOnlySpan<long> numbers)
    {
        Op('(');
        foreach (var number in numbers)
        {
            Number(number);
        }

        return Op('t');
    }

    public PickleBytes Global(string module, string name) => Op($"c{module}\n{name}\n");

    /// <summary>A tensor as torch.save writes it.</summary>
    public PickleBytes Tensor(string storageType, string key, long count, long offset, long[] shape, long[] strides)
        => Global("torch._utils", "_rebuild_tensor_v2").Op("((").Text("storage").Global("torch", storageType).Text(key).Text("cpu").Number(count).Op("tQ")
            .Number(offset).Numbers(shape).Numbers(strides).Op(0x89).Global("collections", "OrderedDict").Op(")RtR");

    /// <summary>A dictionary of one float32 tensor 'w' of two elements in storage '0'.</summary>
    public static byte[] OneTensor(string name = "w") => Protocol(2).Op("}(").Text(name).Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op('u').Stop();
}
