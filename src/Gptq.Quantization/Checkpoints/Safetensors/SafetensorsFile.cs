using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.Safetensors;

/// <summary>A .safetensors file: the header's length (8 bytes, little-endian), a JSON header, and the tensors' bytes.</summary>
public sealed class SafetensorsFile : TensorFile
{
    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
        : base(file, header.Tensors) => Metadata = header.Metadata;

    /// <summary>The header's free text, <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">Where the file is.</param>
    /// <exception cref="GptqException">GPTQ2202: no safetensors file. GPTQ2203: a tensor's entry is wrong. GPTQ2207: it cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file, SafetensorsHeader.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
