using System.Text;
using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>torch.save since PyTorch 1.6: a zip file with <c>name/data.pkl</c>, one entry <c>name/data/key</c> a storage, and <c>name/byteorder</c>.</summary>
internal static class ZipFormat
{
    private const string Pickle = "/data.pkl";

    public static IReadOnlyList<StoredTensor> Read(MappedFile file, PyTorchErrors errors)
    {
        var zip = ZipDirectory.Read(file, errors);
        if (zip.Names.Where(name => name.EndsWith(Pickle, StringComparison.Ordinal)).Take(2).ToArray() is not [var pickle])
        {
            throw errors.Zip("it has not exactly one data.pkl");
        }

        var folder = pickle[..^Pickle.Length];
        CheckByteOrder(file, zip, folder, errors);
        var (start, length) = zip.Find(pickle);
        var root = new PickleMachine(new PickleReader(file, start, start + length, errors), errors).Run();
        return StorageMap.Place(StateDictionary.Find(root, errors), key => zip.Find($"{folder}/data/{key}"), errors);
    }

    private static void CheckByteOrder(MappedFile file, ZipDirectory zip, string folder, PyTorchErrors errors)
    {
        var name = folder + "/byteorder";
        if (zip.Names.Contains(name))
        {
            var (start, length) = zip.Find(name);
            var order = new byte[Math.Min(length, 16)];
            file.Read(start, order);
            if (Encoding.ASCII.GetString(order) != "little")
            {
                throw errors.Damaged("its numbers are not little-endian");
            }
        }
    }
}
