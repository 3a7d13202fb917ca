namespace Gptq.Quantization.Checkpoints;

/// <summary>Failures that more than one reader meets.</summary>
internal static class CheckpointErrors
{
    public static GptqException NoSuchTensor(string name, string? file)
        => new("GPTQ2208", $"The checkpoint has no tensor '{name}'. It is incomplete, or of another architecture than its config.json says.", file);

    public static GptqException NotFloat(TensorInfo tensor, string file)
        => new(
            "GPTQ2204",
            $"The tensor '{tensor.Name}' is stored as {tensor.DataType}; weights are read from F32, F16, BF16 and F64. Use the checkpoint that was not quantized.",
            file);

    public static GptqException Unreadable(string file, Exception cause)
        => new("GPTQ2207", $"{file} cannot be read: {cause.Message} Check that the file is there and that you may read it.", file, cause);

    public static GptqException Changed(string file)
        => new("GPTQ2210", $"{file} became shorter while it was being read. Do not change or download a checkpoint while it is in use; then try again.", file);
}
