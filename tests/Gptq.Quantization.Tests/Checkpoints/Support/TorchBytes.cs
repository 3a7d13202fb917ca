using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

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

    /// <summary>Writes a zip whose directory has 64-bit fields, with gaps between entries, as files of more than 4 GB have.</summary>
    public static void WriteZip64(string path, long gap, params (string Name, byte[] Data)[] entries)
    {
        using var stream = File.Create(path);
        using var zip = new BinaryWriter(stream);
        using var directory = new MemoryStream();
        using var records = new BinaryWriter(directory);
        foreach (var (name, data) in entries)
        {
            // The file is sparse: the gaps take no space on disk.
            stream.Position += directory.Length > 0 ? gap : 0;
            var (offset, utf8) = (stream.Position, Encoding.UTF8.GetBytes(name));
            zip.Write(0x04034b50u);
            zip.Write(new byte[22]);
            zip.Write((ushort)utf8.Length);
            zip.Write((ushort)0);
            zip.Write(utf8);
            zip.Write(data);

            records.Write(0x02014b50u);
            records.Write(new byte[16]);
            records.Write(uint.MaxValue);
            records.Write(uint.MaxValue);
            records.Write((ushort)utf8.Length);
            records.Write((ushort)36);
            records.Write(new byte[10]);
            records.Write(uint.MaxValue);
            records.Write(utf8);

            // Another tool's extra field first, then the 64-bit one.
            records.Write((ushort)0x7075);
            records.Write((ushort)4);
            records.Write(0);
            records.Write((ushort)1);
            records.Write((ushort)24);
            records.Write((long)data.Length);
            records.Write((long)data.Length);
            records.Write(offset);
        }

        var start = stream.Position;
        zip.Write(directory.ToArray());
        var end = stream.Position;
        zip.Write(0x06064b50u);
        zip.Write(44L);
        zip.Write(new byte[28]);
        zip.Write(end - start);
        zip.Write(start);
        zip.Write(0x07064b50u);
        zip.Write(0);
        zip.Write(end);
        zip.Write(1);
        zip.Write(0x06054b50u);
        zip.Write(0);
        zip.Write(uint.MaxValue);
        zip.Write(uint.MaxValue);
        zip.Write(uint.MaxValue);
        zip.Write((ushort)0);
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
