using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints.Safetensors;

namespace Gptq.Benchmarks;

/// <summary>Token ids that another implementation has used, from a safetensors file.</summary>
internal static class TokenIdFile
{
    /// <summary>Reads an int64 tensor [sequences, tokens].</summary>
    public static IReadOnlyList<int[]> Read(FileInfo file, string name)
    {
        using var tensors = SafetensorsFile.Open(file.FullName);
        var shape = tensors.Tensors[name].Shape;
        var ids = new long[shape[0] * shape[1]];
        tensors.ReadRaw(name, 0, MemoryMarshal.AsBytes(ids.AsSpan()));
        return [.. ids.Chunk((int)shape[1]).Select(row => row.Select(id => (int)id).ToArray())];
    }
}
