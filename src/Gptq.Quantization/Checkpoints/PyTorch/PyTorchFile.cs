using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>A file of torch.save (.bin, .pt, .pth): the zip format since 1.6, or the format before.</summary>
/// <remarks>
/// These files are pickles, which in Python run whatever code they name. Here nothing is run: the few functions that tensors need are
/// known by name, and a file that names another is refused. Tensors are read from where they stand in the file.
/// </remarks>
public sealed class PyTorchFile : TensorFile
{
    private PyTorchFile(MappedFile file, IEnumerable<StoredTensor> tensors)
        : base(file, tensors)
    {
    }

    /// <summary>Opens a file and checks where its tensors are.</summary>
    /// <param name="path">Where the file is.</param>
    /// <exception cref="GptqException">
    /// GPTQ2214: no PyTorch file. GPTQ2215: it names code. GPTQ2216: it would exhaust memory. GPTQ2217: its zip is damaged. GPTQ2218: a tensor is wrong.
    /// </exception>
    public static PyTorchFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = MappedFile.Open(path);
        try
        {
            var errors = new PyTorchErrors(path);
            Span<byte> start = stackalloc byte[2];
            if (file.Length > start.Length)
            {
                file.Read(0, start);
            }

            return new PyTorchFile(file, start.SequenceEqual("PK"u8) ? ZipFormat.Read(file, errors) : LegacyFormat.Read(file, errors));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
