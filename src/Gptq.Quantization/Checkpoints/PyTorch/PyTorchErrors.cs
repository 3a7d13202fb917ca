namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>The failures of reading a PyTorch file.</summary>
/// <param name="path">The file.</param>
internal sealed class PyTorchErrors(string path)
{
    public GptqException Damaged(string what)
        => new("GPTQ2214", $"{path} is no PyTorch checkpoint, or is damaged: {what}. Download it again.", path);

    public GptqException Refused(string name)
        => new(
            "GPTQ2215",
            $"{path} wants '{Printable(name)}' to be called, which is more than tensors need, so nothing of it was read. "
                + "Save the model's state_dict() instead, or convert it to safetensors where you trust it.",
            path);

    public GptqException TooBig(string what)
        => new("GPTQ2216", $"{path} is refused: {what}. No real checkpoint needs that much; the file is damaged or made to exhaust memory.", path);

    public GptqException Zip(string what)
        => new("GPTQ2217", $"{path} is no zip file as torch.save writes it: {what}. Download it again, or load and save it with PyTorch.", path);

    public GptqException WrongTensor(string what)
        => new("GPTQ2218", $"A tensor is described wrongly in {path}: {what}. Download the file again.", path);

    /// <summary>Names come from the file: they are shown shortened and without what could control a terminal.</summary>
    private static string Printable(string name)
        => string.Concat(name.Take(120).Select(c => char.IsControl(c) ? '?' : c));
}
