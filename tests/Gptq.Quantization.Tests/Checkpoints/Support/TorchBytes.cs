using System.Buffers.Binary;
using System.IO.Compression;

namespace Gptq.Quantization.Tests.Checkpoints.Support;

/// <summary>Writes the two containers of torch.save around a pickle.</summary>
internal static class TorchBytes
{
    public static byte[] Zip(byte[] pickle, params (string Key, byte[] Data)[] storages)
        => Zip(CompressionLevel.NoCompression, [("model/data.pkl", pickle), .. storages.Select(storage => ($"model/data/{storage.Key}", storage.Data))]);

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Data)[] entries)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(data);
            }
        }

        return bytes.ToArray();
    }

    public static byte[] Legacy(byte[] pickle, params (string Key, long Count, byte[] Data)[] storages)
    {
        var bytes = new MemoryStream();
        bytes.Write(PickleBytes.Protocol(2).Op(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop());
        bytes.Write(PickleBytes.Protocol(2).Number(1001).Stop());
        bytes.Write(PickleBytes.Protocol(2).Op("}").Text("little_endian").Op(0x88).Op('s').Stop());
        bytes.Write(pickle);
        var keys = PickleBytes.Protocol(2).Op("](");
        foreach (var (key, _, _) in storages)
        {
            keys.Text(key);
        }

        bytes.Write(keys.Op('e').Stop());
        Span<byte> count = stackalloc byte[8];
        foreach (var (_, elements, data) in storages)
        {
            BinaryPrimitives.WriteInt64LittleEndian(count, elements);
            bytes.Write(count);
            bytes.Write(data);
        }

        return bytes.ToArray();
    }
}
