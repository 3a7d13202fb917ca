namespace Gptq.Quantization.Options;

/// <summary>What a model is calibrated and solved on.</summary>
public enum DeviceChoice
{
    /// <summary>CUDA where a GPU, its driver, enough memory and the libraries are there, else the processor.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>CUDA, or an error that says what is missing.</summary>
    Cuda,
}
