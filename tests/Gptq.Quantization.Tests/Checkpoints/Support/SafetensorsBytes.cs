using System.Buffers.Binary;
using System.Text;

namespace Gptq.Quantization.Tests.Checkpoints.Support;

/// <summary>Writes safetensors files, right or wrong.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Of(string header, int dataLength) => Of(header, new byte[dataLength]);

    public static byte[] Of(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        return bytes;
    }

    public static byte[] Of(params (string Name, string Type, long[] Shape, byte[] Data)[] tensors)
    {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        var offset = 0;
        foreach (var (name, type, shape, data) in tensors)
        {
            header.Append(System.Globalization.CultureInfo.InvariantCulture, $",\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{offset + data.Length}]}}");
            offset += data.Length;
        }

        return Of(header.Append('}').ToString(), [.. tensors.SelectMany(tensor => tensor.Data)]);
    }
}
