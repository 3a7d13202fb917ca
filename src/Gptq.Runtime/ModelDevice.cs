using System.Globalization;

namespace Gptq.Runtime;

/// <summary>What a model runs on.</summary>
public readonly record struct ModelDevice
{
    private ModelDevice(int? cudaIndex) => CudaIndex = cudaIndex;

    /// <summary>The processor.</summary>
    public static ModelDevice Cpu => default;

    /// <summary>The GPU's number; null for the processor.</summary>
    public int? CudaIndex { get; }

    /// <summary>
    /// A GPU, with ONNX Runtime's CUDA provider: the application has to reference Microsoft.ML.OnnxRuntime.Gpu, which GptqOnnxRuntime=Gpu brings.
    /// Models built with Operators=onnxruntime-fp16 are made for it.
    /// </summary>
    /// <param name="index">Which one.</param>
    public static ModelDevice Cuda(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new ModelDevice(index);
    }

    /// <inheritdoc/>
    public override string ToString() => CudaIndex is { } index ? string.Create(CultureInfo.InvariantCulture, $"cuda:{index}") : "cpu";
}
